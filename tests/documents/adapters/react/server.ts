export * from "../../README/server.ts";
