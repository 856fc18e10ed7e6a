import { ssrRenderAttrs } from "vue/server-renderer";
import { useSSRContext } from "vue";
import { _ as _export_sfc } from "./plugin-vue_export-helper.1tPrXgE0.js";
const __pageData = JSON.parse('{"title":"4. Strict JSON from live code, lenient from requests","description":"","frontmatter":{},"headers":[],"relativePath":"decisions/0004-strict-json-from-live-code-lenient-from-requests.md","filePath":"decisions/0004-strict-json-from-live-code-lenient-from-requests.md"}');
const _sfc_main = { name: "decisions/0004-strict-json-from-live-code-lenient-from-requests.md" };
function _sfc_ssrRender(_ctx, _push, _parent, _attrs, $props, $setup, $data, $options) {
  _push(`<div${ssrRenderAttrs(_attrs)}><h1 id="4-strict-json-from-live-code-lenient-from-requests" tabindex="-1">4. Strict JSON from live code, lenient from requests <a class="header-anchor" href="#4-strict-json-from-live-code-lenient-from-requests" aria-label="Permalink to &quot;4. Strict JSON from live code, lenient from requests&quot;">​</a></h1><p><code>put</code> refuses what JSON cannot hold, with the path. The Express store takes what <code>JSON.stringify</code> makes of it, as every other store of that middleware does.</p><p><em>Why.</em> Controllers are to stay unchanged, and many put a <code>Date</code> in the session and read a string. In new code the same is a bug that shows up a page later; there the error comes at once.</p></div>`);
}
const _sfc_setup = _sfc_main.setup;
_sfc_main.setup = (props, ctx) => {
  const ssrContext = useSSRContext();
  (ssrContext.modules || (ssrContext.modules = /* @__PURE__ */ new Set())).add("decisions/0004-strict-json-from-live-code-lenient-from-requests.md");
  return _sfc_setup ? _sfc_setup(props, ctx) : void 0;
};
const _0004StrictJsonFromLiveCodeLenientFromRequests = /* @__PURE__ */ _export_sfc(_sfc_main, [["ssrRender", _sfc_ssrRender]]);
export {
  __pageData,
  _0004StrictJsonFromLiveCodeLenientFromRequests as default
};
