"use client";
// live-session/react: the live session in React components.

export { LiveSessionProvider, type LiveSessionProviderProps } from "./react/context.ts";
export type { LiveState } from "./react/source.ts";
export { type UseLiveSession, useLiveSession } from "./react/use-live-session.ts";
export { useLiveView } from "./react/use-live-view.ts";
