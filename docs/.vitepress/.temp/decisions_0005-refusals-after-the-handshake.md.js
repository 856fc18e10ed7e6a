import { ssrRenderAttrs } from "vue/server-renderer";
import { useSSRContext } from "vue";
import { _ as _export_sfc } from "./plugin-vue_export-helper.1tPrXgE0.js";
const __pageData = JSON.parse('{"title":"5. A socket without a session is refused after the handshake","description":"","frontmatter":{},"headers":[],"relativePath":"decisions/0005-refusals-after-the-handshake.md","filePath":"decisions/0005-refusals-after-the-handshake.md"}');
const _sfc_main = { name: "decisions/0005-refusals-after-the-handshake.md" };
function _sfc_ssrRender(_ctx, _push, _parent, _attrs, $props, $setup, $data, $options) {
  _push(`<div${ssrRenderAttrs(_attrs)}><h1 id="5-a-socket-without-a-session-is-refused-after-the-handshake" tabindex="-1">5. A socket without a session is refused after the handshake <a class="header-anchor" href="#5-a-socket-without-a-session-is-refused-after-the-handshake" aria-label="Permalink to &quot;5. A socket without a session is refused after the handshake&quot;">​</a></h1><p>An upgrade request with no cookie, a bad signature or a session that is unknown or over gets its WebSocket, a message (<code>error</code> <code>unknown_session</code>, or <code>ended</code> with the reason) and the close code 1008. Where the store is away, or the connection is over a limit, the code is 1013. Only a foreign origin is refused before the handshake, with 403.</p><p><em>Why.</em> A page cannot see the HTTP status of a refused handshake: it gets the close code 1006, the same as for a network that is down. It would go on trying for ever, and could not tell its user that they are signed out. A foreign page, on the other hand, is to learn nothing, not even whether its visitor is signed in.</p><p><em>Cost.</em> A handshake for those who have no session. Nothing is attached for it, and it is closed at once.</p></div>`);
}
const _sfc_setup = _sfc_main.setup;
_sfc_main.setup = (props, ctx) => {
  const ssrContext = useSSRContext();
  (ssrContext.modules || (ssrContext.modules = /* @__PURE__ */ new Set())).add("decisions/0005-refusals-after-the-handshake.md");
  return _sfc_setup ? _sfc_setup(props, ctx) : void 0;
};
const _0005RefusalsAfterTheHandshake = /* @__PURE__ */ _export_sfc(_sfc_main, [["ssrRender", _sfc_ssrRender]]);
export {
  __pageData,
  _0005RefusalsAfterTheHandshake as default
};
