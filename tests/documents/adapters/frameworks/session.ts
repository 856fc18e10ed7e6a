export * from "../../../../examples/frameworks/session.ts";
