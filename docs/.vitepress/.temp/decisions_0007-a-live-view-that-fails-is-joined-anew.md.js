import { ssrRenderAttrs } from "vue/server-renderer";
import { useSSRContext } from "vue";
import { _ as _export_sfc } from "./plugin-vue_export-helper.1tPrXgE0.js";
const __pageData = JSON.parse('{"title":"7. A live view that fails is joined anew","description":"","frontmatter":{},"headers":[],"relativePath":"decisions/0007-a-live-view-that-fails-is-joined-anew.md","filePath":"decisions/0007-a-live-view-that-fails-is-joined-anew.md"}');
const _sfc_main = { name: "decisions/0007-a-live-view-that-fails-is-joined-anew.md" };
function _sfc_ssrRender(_ctx, _push, _parent, _attrs, $props, $setup, $data, $options) {
  _push(`<div${ssrRenderAttrs(_attrs)}><h1 id="7-a-live-view-that-fails-is-joined-anew" tabindex="-1">7. A live view that fails is joined anew <a class="header-anchor" href="#7-a-live-view-that-fails-is-joined-anew" aria-label="Permalink to &quot;7. A live view that fails is joined anew&quot;">​</a></h1><p>An error in a callback, and an event that the view does not know, end that view: the client is sent <code>phx_error</code>, joins again, and <code>mount</code> starts from the session.</p><p><em>Why.</em> It is what the client expects of its server. An error answered with words would leave the clicked element locked (the client unlocks on success or on a new join), and a view whose callback broke half way shows what nobody meant. State that must survive belongs in the session; what was typed comes back by form recovery.</p><p><em>Against.</em> A typo in an event&#39;s name resets the page&#39;s state. It is reported to <code>onError</code> each time.</p></div>`);
}
const _sfc_setup = _sfc_main.setup;
_sfc_main.setup = (props, ctx) => {
  const ssrContext = useSSRContext();
  (ssrContext.modules || (ssrContext.modules = /* @__PURE__ */ new Set())).add("decisions/0007-a-live-view-that-fails-is-joined-anew.md");
  return _sfc_setup ? _sfc_setup(props, ctx) : void 0;
};
const _0007ALiveViewThatFailsIsJoinedAnew = /* @__PURE__ */ _export_sfc(_sfc_main, [["ssrRender", _sfc_ssrRender]]);
export {
  __pageData,
  _0007ALiveViewThatFailsIsJoinedAnew as default
};
