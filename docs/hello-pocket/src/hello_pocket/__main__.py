from hello_pocket import greet

print(greet())
