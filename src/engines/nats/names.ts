// Names that become parts of subjects.

import { LiveSessionError } from "../../core/errors.ts";

/** What a bucket's name may be, which is stricter than what a subject may be. */
const NAME = /^[A-Za-z0-9_-]{1,64}$/;
const SUBJECT = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/;

export function checkBucketName(bucket: string): void {
  if (!NAME.test(bucket)) throw badOption('bucket: up to 64 letters, digits, "_" and "-".');
}

export function checkSubject(subject: string): void {
  if (!SUBJECT.test(subject)) throw badOption('subject: letters, digits, "_" and "-", in parts joined by ".".');
}

export function badOption(what: string): LiveSessionError {
  return new LiveSessionError("bad_option", `NATS: ${what}`);
}
