// Loaded before anything else in a node's process: its clock is off by CLOCK_SKEW ms, and may jump.

const { Date: Real } = globalThis;
let skew = Number(process.env.CLOCK_SKEW ?? 0);

const now = () => Real.now() + skew;

class SkewedDate extends Real {
  constructor(...given: [] | [value: number | string]) {
    if (given.length === 0) super(now());
    else super(...(given as [number]));
  }

  static override now(): number {
    return now();
  }
}

globalThis.Date = SkewedDate as DateConstructor;

process.on("message", (message: { readonly jump?: number }) => {
  skew += message.jump ?? 0;
});
