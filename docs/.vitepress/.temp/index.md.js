import { ssrRenderAttrs } from "vue/server-renderer";
import { useSSRContext } from "vue";
import { _ as _export_sfc } from "./plugin-vue_export-helper.1tPrXgE0.js";
const __pageData = JSON.parse('{"title":"","description":"","frontmatter":{"layout":"home","hero":{"name":"live-session","text":"Web sessions that are live","tagline":"One session, shared by HTTP requests, WebSockets and browser tabs. Read it and write it from any of them, and every other one knows a moment later.","actions":[{"theme":"brand","text":"Five-minute start","link":"/getting-started"},{"theme":"alt","text":"Concepts","link":"/concepts"},{"theme":"alt","text":"How it compares","link":"/compare"}]},"features":[{"title":"Drop-in","details":"A store for the session middleware that you already run. Controllers stay as they are.","link":"/adapters/express"},{"title":"No lost updates","details":"A request commits only the keys that it changed. Of 200 increments at once, 200 count.","link":"/guarantees"},{"title":"An end is final","details":"After logout, revocation or expiry nothing in flight brings a session back, and its sockets close.","link":"/sessions-life"},{"title":"Written from anywhere","details":"put, update and transaction from sockets, jobs and handlers, typed and atomic.","link":"/live-sessions"},{"title":"Told to everyone","details":"Each change reaches every subscriber on every node, in order. Missed events are made good.","link":"/concepts"},{"title":"Nothing leaks","details":"Browsers see what your view returns and call the actions you name. Ids are hashed before they are stored.","link":"/security"}]},"headers":[],"relativePath":"index.md","filePath":"index.md"}');
const _sfc_main = { name: "index.md" };
function _sfc_ssrRender(_ctx, _push, _parent, _attrs, $props, $setup, $data, $options) {
  _push(`<div${ssrRenderAttrs(_attrs)}></div>`);
}
const _sfc_setup = _sfc_main.setup;
_sfc_main.setup = (props, ctx) => {
  const ssrContext = useSSRContext();
  (ssrContext.modules || (ssrContext.modules = /* @__PURE__ */ new Set())).add("index.md");
  return _sfc_setup ? _sfc_setup(props, ctx) : void 0;
};
const index = /* @__PURE__ */ _export_sfc(_sfc_main, [["ssrRender", _sfc_ssrRender]]);
export {
  __pageData,
  index as default
};
