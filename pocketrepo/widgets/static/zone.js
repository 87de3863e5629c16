/* The upload zone: files go to the kernel in pieces, over the notebook's own connection and no other. */

const PIECE = 4 * 1024 * 1024 // bytes
const WINDOW = 2 // pieces under way
const PATIENCE = 3000 // ms without an answer before the kernel is asked whether it is there

let count = 0
const newId = () => `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}-${count++}`

const make = (tag, attributes = {}, ...children) => {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value)
  made.append(...children)
  return made
}

const size = bytes => {
  const units = ["B", "kB", "MB", "GB"]
  let unit = 0
  for (; bytes >= 1000 && unit < 3; unit++) bytes /= 1000
  return `${bytes.toFixed(bytes < 10 && unit ? 1 : 0)} ${units[unit]}`
}

/* Whether the kernel that made the panel is there. It is asked only when a person does something: regular messages
   would keep an idle kernel from being culled. */
class Pulse {
  constructor(model, tell) {
    this.model = model
    this.tell = tell
    this.waiting = new Map()
    this.last = 0
    this.gone = false
    model.on("comm_live_update", () => this.ask(true))
  }

  /* "idle" for a message that got no answer: a kernel was there, but not the one that knows this panel. */
  ask(now = false) {
    const pause = this.waiting.size ? 3 * PATIENCE : now ? 0 : PATIENCE
    if (this.gone || Date.now() - this.last < pause) return
    this.last = Date.now()
    const id = newId()
    const late = setTimeout(() => this.tell("busy"), PATIENCE)
    this.waiting.set(id, late)
    const status = message => {
      if (message.content.execution_state === "idle") setTimeout(() => this.waiting.has(id) && this.end(), 500)
    }
    try {
      this.model.send({ kind: "ping", id }, { iopub: { status } })
    } catch {
      this.end()
    }
  }

  answer(id) {
    clearTimeout(this.waiting.get(id))
    this.waiting.delete(id)
    this.tell("there")
  }

  end() {
    this.gone = true
    this.stop()
    this.tell("gone")
  }

  stop() {
    for (const late of this.waiting.values()) clearTimeout(late)
    this.waiting.clear()
  }
}

/* One file on its way: a line with its progress, and in the end what came of it. */
class Transfer {
  constructor(model, file, pulse) {
    this.model = model
    this.file = file
    this.pulse = pulse
    this.id = newId()
    this.received = 0
    this.over = false
    this.bar = make("progress", { max: file.size || 1, value: 0, "aria-label": `Progress of ${file.name}` })
    this.state = make("span", { class: "state" }, "waiting")
    this.button = make("button", { type: "button", "aria-label": `Cancel ${file.name}` }, "Cancel")
    this.button.onclick = () => this.cancel()
    this.line = make("li", {}, make("span", { class: "name" }, file.name), make("span", {}, size(file.size)),
      this.bar, this.state, this.button)
  }

  /* Resolves when it is over, however that comes. */
  async run() {
    if (this.over) return
    const ended = new Promise(resolve => { this.ended = resolve })
    this.say({ kind: "open", name: this.file.name, size: this.file.size })
    for (let offset = 0; offset < this.file.size && !this.over; offset += PIECE) {
      let bytes
      try {
        bytes = await this.file.slice(offset, offset + PIECE).arrayBuffer()
      } catch {
        this.cancel("cannot be read: a folder, or changed since it was chosen")
        break
      }
      while (!this.over && offset - this.received >= PIECE * WINDOW) await this.progress()
      if (!this.over) this.say({ kind: "piece", offset }, [bytes])
    }
    await ended
  }

  say(message, buffers) {
    try {
      this.model.send({ ...message, id: this.id }, undefined, buffers)
    } catch {
      this.pulse.end()
    }
  }

  progress() {
    return new Promise(resolve => {
      const late = setTimeout(() => { this.pulse.ask(true); resolve() }, PATIENCE)
      this.moved = () => { clearTimeout(late); resolve() }
    })
  }

  hear(message) {
    if (this.over) return
    if (message.kind === "ack") {
      this.received = message.received
      this.bar.value = message.received
      const percent = this.file.size ? Math.floor(100 * message.received / this.file.size) : 100
      this.show(percent < 100 ? `${percent} %` : "publishing")
    } else if (message.kind === "publishing") {
      this.show(`publishing, ${Math.floor(100 * message.done / (message.total || 1))} %`)
    } else {
      this.end(message.kind === "refused" ? `refused: ${message.text}` : "")
    }
    this.moved?.()
  }

  show(text) {
    this.state.textContent = text
  }

  cancel(why = "cancelled") {
    this.say({ kind: "cancel" })
    this.end(why)
  }

  /* Its line stays only if there is something to say that the panel does not. */
  end(text) {
    if (this.over) return
    this.over = true
    if (text) this.show(text)
    else this.line.remove()
    this.bar.remove()
    this.button.remove()
    this.moved?.()
    this.ended?.()
  }
}

class Zone {
  constructor(model, el) {
    this.model = model
    this.el = el
    this.queue = []
    this.running = false
    this.input = make("input", { type: "file", multiple: "", accept: model.get("accept"), tabindex: "-1",
      "aria-label": "Wheels and sdists to upload" })
    this.input.hidden = true
    this.button = make("button", { type: "button", class: "choose" }, "Choose files …")
    this.lines = make("ul", { "aria-label": "Uploads" })
    this.said = make("p", { class: "said", role: "status" })
    this.box = make("div", { class: "pocketrepo-zone", role: "group", "aria-label": "Upload wheels and sdists" },
      make("p", {}, "Drop wheels and sdists here, or ", this.button, this.input),
      make("p", { class: "note" }, `Up to ${size(model.get("limit"))} each. They go to the kernel, which pushes them.`),
      this.lines, this.said)
    el.append(this.box)

    this.pulse = new Pulse(model, state => this.tell(state))
    this.button.onclick = () => this.input.click()
    this.input.onchange = () => { this.add([...this.input.files]); this.input.value = "" }
    this.listen()
    this.hear = message => this.receive(message)
    model.on("msg:custom", this.hear)
  }

  /* Else the browser, or the notebook, would open what is dropped. */
  listen() {
    const over = on => event => {
      event.preventDefault()
      event.stopPropagation()
      this.box.classList.toggle("over", on)
    }
    this.box.addEventListener("dragenter", over(true))
    this.box.addEventListener("dragover", over(true))
    this.box.addEventListener("dragleave", over(false))
    this.box.addEventListener("drop", event => {
      over(false)(event)
      this.add([...event.dataTransfer.files])
    })
    this.ask = () => this.pulse.ask()
    this.settle = requestAnimationFrame(() => {
      this.panel = this.el.closest(".pocketrepo-dashboard") ?? this.el.closest(".pocketrepo-panel") ?? this.box
      for (const event of ["pointerdown", "focusin", "dragenter"]) this.panel.addEventListener(event, this.ask, true)
    })
  }

  add(files) {
    for (const file of files) {
      const transfer = new Transfer(this.model, file, this.pulse)
      this.lines.prepend(transfer.line)
      this.queue.push(transfer)
    }
    this.run()
  }

  async run() {
    if (this.running) return
    this.running = true
    while (this.queue.length) {
      this.current = this.queue.shift()
      await this.current.run()
    }
    this.running = false
  }

  receive(message) {
    if (message.kind === "pong") this.pulse.answer(message.id)
    else if (message.id === this.current?.id) this.current.hear(message)
  }

  tell(state) {
    if (state === "gone") this.leave()
    this.said.textContent = state === "busy" ? "The kernel is busy: it answers when the running cell has ended." : ""
  }

  /* The panel stays to be read, and can no longer be used. */
  leave() {
    for (const transfer of [this.current, ...this.queue]) transfer?.end("the kernel was restarted")
    this.queue = []
    for (const child of this.panel.children) child.inert = true
    const gone = make("p", { class: "pocketrepo-gone", role: "alert" }, "The kernel was restarted: run the cell again.")
    this.panel.prepend(gone)
    this.panel.classList.add("pocketrepo-left")
  }

  close() {
    this.pulse.stop()
    cancelAnimationFrame(this.settle)
    this.model.off("msg:custom", this.hear)
    for (const event of ["pointerdown", "focusin", "dragenter"]) this.panel?.removeEventListener(event, this.ask, true)
  }
}

export default {
  render({ model, el }) {
    const zone = new Zone(model, el)
    return () => zone.close()
  },
}
