// A live component: a form with state of its own, which comes back as it was typed when the connection was lost.

import { assign, html, JS, liveComponent, putSession } from "live-session/liveview";
import type { ShopSession } from "./shopping-cart.ts";

const LONGEST = 120;

interface NoteState {
  text: string;
  saved: boolean;
}

export const GiftNote = liveComponent<object, NoteState, ShopSession>({
  mount(socket) {
    assign(socket, { text: "", saved: false });
  },

  handleEvent: {
    typed({ note = "" }, socket) {
      assign(socket, { text: note, saved: false });
    },

    async save({ note = "" }, socket) {
      await putSession(socket, "note", note.slice(0, LONGEST));
      assign(socket, { text: note, saved: true });
    },
  },

  render({ text, saved }, { myself }) {
    const left = LONGEST - text.length;
    const open = JS.toggle({ to: "#note-form" }).toggleAttribute("aria-expanded", ["true", "false"]);
    return html`<section class="note" id="note">
      <button class="link" type="button" aria-expanded="false" phx-click="${open.focusFirst({ to: "#note-form" })}">
        Is it a present? Add a note
      </button>
      <form id="note-form" phx-change="typed" phx-submit="save" phx-target="${myself}" hidden>
        <label class="unseen" for="note-text">A note to go with it</label>
        <textarea id="note-text" name="note" rows="3" maxlength="${LONGEST}" phx-debounce="100">${text}</textarea>
        <p><span id="note-left">${saved ? "Saved." : `${left} letters left`}</span>
          <button class="small" phx-disable-with="Saving">Save</button></p>
      </form>
    </section>`;
  },
});
