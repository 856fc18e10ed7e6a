// The workbench's script in the browser.

import { Socket } from "phoenix";
import { type Hook, LiveSocket } from "phoenix_live_view";

const log: string[] = [];

const Probe: Hook = {
  mounted() {
    log.push("mounted");
    this.handleEvent("pong", ({ said }: { said: string }) => log.push(`pong ${said}`));
    this.el.querySelector("#ask")?.addEventListener("click", async () => {
      const { twice } = await this.pushEvent("ask", { number: 21 });
      const answer = this.el.querySelector("#answer");
      if (answer) answer.textContent = String(twice);
    });
  },
  updated() {
    log.push(`updated ${this.el.dataset.count}`);
  },
  disconnected: () => void log.push("disconnected"),
  reconnected: () => void log.push("reconnected"),
  destroyed: () => void log.push("destroyed"),
};

/** Every callback of a hook, and what else a hook can do. */
const Life: Hook = {
  mounted() {
    log.push("life mounted");
    this.handleEvent("run", ({ commands }: { commands: string }) => this.js().exec(commands));
  },
  beforeUpdate() {
    log.push(`life before ${this.el.dataset.count}`);
  },
  updated() {
    log.push(`life updated ${this.el.dataset.count}`);
  },
  destroyed: () => void log.push("life destroyed"),
  disconnected: () => void log.push("life disconnected"),
  reconnected: () => void log.push("life reconnected"),
};

const Teller: Hook = {
  mounted() {
    this.el.addEventListener("click", () => this.pushEventTo("#target", "tell", { text: "by a hook" }));
  },
};

window.addEventListener("probe:hold", (event) => Object.assign(window, { letGo: (event as CustomEvent).detail.done }));
window.addEventListener("probe:event", (event) => log.push(`dispatched ${(event as CustomEvent).detail.x}`));

const live = new LiveSocket("/live", Socket, {
  params: { _csrf_token: document.querySelector('meta[name="csrf-token"]')?.getAttribute("content"), zone: "here" },
  hooks: { Probe, Life, Teller },
  longPollFallbackMs: 1_000,
  reloadJitterMin: 50,
  reloadJitterMax: 100,
  rejoinAfterMs: () => 50,
});
live.connect();

Object.assign(window, { log, live });
