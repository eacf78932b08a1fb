/** SVG to PNG, with resvg in WebAssembly and DejaVu Sans. Both are loaded with the first picture: most processes draw none. */
import { readFile } from 'node:fs/promises';

/** Pixels for each of the SVG's, for screens that have so many. */
export const ZOOM = 2;

let loading: Promise<(svg: string) => Buffer> | undefined;

export async function png(svg: string): Promise<Buffer> {
  loading ??= load();
  return (await loading)(svg);
}

async function load(): Promise<(svg: string) => Buffer> {
  const [{ initWasm, Resvg }, wasm, font] = await Promise.all([
    import('@resvg/resvg-wasm'),
    readFile(require.resolve('@resvg/resvg-wasm/index_bg.wasm')),
    readFile(require.resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf')),
  ]);
  await initWasm(wasm);
  const options = {
    font: { fontBuffers: [font], defaultFontFamily: 'DejaVu Sans' },
    fitTo: { mode: 'zoom' as const, value: ZOOM },
  };
  return (svg) => {
    const drawing = new Resvg(svg, options);
    const image = drawing.render();
    const bytes = Buffer.from(image.asPng());
    // Memory of WebAssembly is not collected.
    image.free();
    drawing.free();
    return bytes;
  };
}
