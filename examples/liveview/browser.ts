// The browser's half: the official client of Phoenix LiveView, as it comes from npm.

import { Socket } from "phoenix";
import { type Hook, LiveSocket } from "phoenix_live_view";

/** Lights the cart up when something in it changed, in whichever tab. */
const Pulse: Hook = {
  mounted() {
    this.handleEvent("cart_changed", () => {
      this.el.classList.remove("from-elsewhere");
      requestAnimationFrame(() => this.el.classList.add("from-elsewhere"));
    });
  },
};

const csrfToken = document.querySelector('meta[name="csrf-token"]')?.getAttribute("content");

const live = new LiveSocket("/live", Socket, {
  params: { _csrf_token: csrfToken },
  hooks: { Pulse },
  longPollFallbackMs: 2500,
  // When the session ends, the page is loaded anew after so long; by default it is 5 to 10 seconds.
  reloadJitterMin: 200,
  reloadJitterMax: 600,
});
live.connect();
