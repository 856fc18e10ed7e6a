// Whose a request's session is: said on the session object, and written in the same commit as its data.

import { hiddenField } from "../../core/hidden-field.ts";
import { type Binding, checkBinding, type RequestBindOptions } from "../../core/ownership.ts";

const bindings = hiddenField<Binding | undefined>();

/**
 * Says whose session this is: `bindSession(request.session, user.id)`, at login, after `regenerate`. It is written with the
 * session's next save, atomically with its data; where `principalLimit` refuses one more, that save fails, so wait for it
 * before you answer. From then on the session is among `sessions.of(principal)`. `null` for nobody's.
 *
 * @param session the framework's session object
 * @throws LiveSessionError `bad_option`, `not_json`, `too_large`
 */
export function bindSession(session: object, principal: string | null, options: RequestBindOptions = {}): void {
  bindings.set(session, checkBinding(principal, { about: options.about, deadline: options.deadline }));
}

/** What is to be written with a session object; from then on nothing is. */
export function takeBinding(session: object | null | undefined): Binding | undefined {
  if (!session) return undefined;
  const binding = bindings.get(session);
  if (binding) bindings.set(session, undefined);
  return binding;
}
