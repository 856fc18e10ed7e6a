// Prints what a session costs on the heap of a process that holds nothing but one store.

import { setImmediate } from "node:timers/promises";
import { fill, makers, type StoreName } from "./session-stores.ts";

const [name = "", sessions = ""] = process.argv.slice(2);
const store = makers[name as StoreName]();
await fill(store, 10); // code and caches
const heap = async () => {
  for (let round = 0; round < 3; round++) {
    globalThis.gc?.();
    await setImmediate();
  }
  return process.memoryUsage().heapUsed;
};
const before = await heap();
await fill(store, Number(sessions));
console.log(Math.round(((await heap()) - before) / Number(sessions)));
store.length?.(() => {}); // still in use: not collected before
