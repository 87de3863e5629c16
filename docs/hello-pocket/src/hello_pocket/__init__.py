"""Says hello from your own index."""


def greet(name: str = "world") -> str:
    return f"Hello, {name}, from your own index!"
