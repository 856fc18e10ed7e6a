// Values that engines and encodings like to bend.

import { deepFreeze } from "../core/json.ts";
import type { JsonObject } from "../core/store.ts";

/** Strings that mean something to SQL, globs, patterns, paths, formats, or to those who count characters. */
export const oddStrings: readonly string[] = [
  "",
  " ",
  "'; DROP TABLE sessions; --",
  "\"quoted\" `and` 'quoted'",
  "100% _of_ [a-z]* ?",
  "back\\slash \\u0041 \\x00",
  "$1 :name @name ?1 {curly} #{hash}",
  "a.b.c > * and a:b:c",
  "line\nbreak\r\n\ttab",
  "null",
  "[]",
  "é ß 漢字 עברית 😀 e\u0301 \u2028 \ufeff",
  "\u0000",
  "before\u0000after",
  "\ud800",
  "lone \udc00 surrogate",
  "\u007f\u0085\uffff",
];

export const oddNumbers: readonly number[] = [
  0,
  -1,
  0.1,
  1 / 3,
  1e21,
  1e308,
  5e-324,
  123456789012345680000,
  Number.MAX_SAFE_INTEGER,
  Number.MIN_SAFE_INTEGER,
];

/** Every odd string as a key and as a value, odd numbers, empty things, dangerous names, and depth. */
export function oddObject(): JsonObject {
  const names = [
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "length",
    "0",
    "1",
    "01",
    "-1",
    "cookie",
    "data",
  ];
  const entries: [string, unknown][] = [
    ...oddStrings.map((text): [string, unknown] => [text, text]),
    ...names.map((name): [string, unknown] => [name, { [name]: name }]),
    ["numbers", oddNumbers],
    ["truths", [true, false, null]],
    ["empties", [[], {}, "", [[]], [{}], { a: [] }]],
    ["null", null],
    ["inner", JSON.parse('{"__proto__": {"polluted": true}, "constructor": {"prototype": 1}}')],
    ["deep", nested(60)],
    ["long", "x".repeat(100_000)],
    ["wide", Array.from({ length: 2_000 }, (_, index) => index)],
  ];
  return deepFreeze(Object.fromEntries(entries) as JsonObject);
}

function nested(levels: number): unknown {
  return levels === 0 ? "bottom" : levels % 2 === 0 ? { inner: nested(levels - 1) } : [nested(levels - 1)];
}
