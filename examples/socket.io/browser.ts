// The page over Socket.IO: forms call actions, the basket follows the session.

import type { LiveClientEvents, LiveServerEvents } from "live-session/socket.io";
import { io, type Socket } from "socket.io-client";
import { accountInner, cartEnded, cartInner, type ShopView, type Status, statusText } from "../shop/cart-view.ts";
import { morph } from "../shop/morph.ts";

const socket: Socket<LiveServerEvents<ShopView>, LiveClientEvents> = io();
const all = (selector: string) => document.querySelectorAll<HTMLElement>(selector);

function show(status: Status): void {
  for (const chip of all("[data-status]")) {
    chip.hidden = false;
    chip.dataset.status = status;
  }
  for (const text of all("[data-status-text]")) text.textContent = statusText[status];
}

socket.on("live_session_updated", (view) => {
  show("live");
  document.documentElement.dataset.theme = view.theme;
  for (const panel of all("[data-cart]")) morph(panel, cartInner(view).markup);
  for (const account of all("[data-user]")) morph(account, accountInner(view).markup);
});

socket.on("live_session_ended", () => {
  show("ended");
  for (const panel of all("[data-cart]")) morph(panel, cartEnded().markup);
  for (const control of all("form :is(button, input)")) control.setAttribute("disabled", "");
});

socket.on("disconnect", () => socket.active && show("stale"));

document.addEventListener("submit", (event) => {
  const form = event.target as HTMLFormElement;
  const { action } = form.dataset;
  if (!action || !socket.connected) return; // the plain form does it
  event.preventDefault();
  const { quantity, ...rest } = Object.fromEntries(new FormData(form, event.submitter));
  const input = quantity === undefined ? rest : { ...rest, quantity: Number(quantity) };
  socket.emit("live_session_call", action, input, (answer) => {
    if (!answer.ok) for (const notice of all("[data-notice]")) notice.textContent = answer.error.message;
  });
});
