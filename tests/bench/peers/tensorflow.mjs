// TensorFlow.js, from its packages' scripts, which add to one global `tf`.
const packages = new URL("./node_modules/@tensorflow/", import.meta.url).href;

const script = (address) =>
  new Promise((done, failed) => {
    const element = document.createElement("script");
    element.onload = done;
    element.onerror = () => failed(new Error(`cannot load ${address}`));
    element.src = address;
    document.head.append(element);
  });

/** Memories of the wasm modules that were started here. */
const memories = new Set();
for (const name of ["instantiate", "instantiateStreaming"]) {
  const own = WebAssembly[name];
  WebAssembly[name] = async (...given) => {
    const made = await own.apply(WebAssembly, given);
    for (const one of Object.values((made.instance ?? made).exports)) if (one instanceof WebAssembly.Memory) memories.add(one);
    return made;
  };
}

export const wasmBytes = () => [...memories].reduce((sum, memory) => sum + memory.buffer.byteLength, 0);

/** `tf` on our device of that name; in wasm with threads where the browser has them, or without. */
export async function tensorflow(device, threads) {
  const place = device === "cpu" ? "wasm" : device;
  await script(`${packages}tfjs/dist/tf.min.js`);
  await script(`${packages}tfjs-backend-${place}/dist/tf-backend-${place}.min.js`);
  const tf = globalThis.tf;
  if (place === "wasm") tf.wasm.setWasmPaths(`${packages}tfjs-backend-wasm/dist/`);
  if (place === "wasm" && !threads) tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  if (!(await tf.setBackend(place))) throw new Error(`TensorFlow.js has no ${place} here`);
  await tf.ready();
  return tf;
}
