// The keys of the client's rendered trees, as of Phoenix LiveView 1.1: what a full tree and what a diff are made of.

/** A tree or a diff of one: numbered dynamics, and the keys below. */
export interface WireTree {
  [slot: string]: Wire | undefined;
}

export type Wire = string | number | boolean | null | WireTree | readonly unknown[];

export const STATICS = "s";
/** The template is one element. */
export const ROOT = "r";
/** Statics that are used more than once in this message; `s` then is a number. */
export const TEMPLATES = "p";
/** The rows of a list, by position. */
export const ROWS = "k";
/** How many rows there are. */
export const ROW_COUNT = "kc";
/** Some row is named by the position that it had before. */
export const ROWS_MOVED = "km";
export const STREAM = "stream";
export const COMPONENTS = "c";
export const EVENTS = "e";
export const TITLE = "t";
/** At the top of a diff: what an event is answered with. The same letter as ROOT, which stands elsewhere. */
export const REPLY = "r";
