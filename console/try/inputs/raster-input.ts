import { useEffect, useRef, useState } from 'preact/hooks';
import { html } from '../../look/html.ts';
import type { Form } from '../form.ts';
import { SCALES, type Scale, sizeFor, tensorOf } from '../pixels.ts';
import { invocation } from '../request.ts';
import { Choice, Drop } from './fields.ts';
import type { InputProps } from './input.ts';

type RasterForm = Extract<Form, { readonly kind: 'raster' | 'drawing' }>;

/** A picture that becomes a tensor here: dropped, or drawn where it is small and grey. Its size is the model's; how its values are scaled is not in a signature. */
export function RasterInput({ form, change }: InputProps<RasterForm>) {
  const { raster, kind } = form;
  const [scale, setScale] = useState<Scale>(raster.isBytes ? 'bytes' : 'unit');
  const [pixels, setPixels] = useState<ImageData>();
  const [fault, setFault] = useState('');
  useEffect(() => {
    if (!pixels) return change(undefined);
    const tensor = tensorOf(pixels.data, pixels, raster, scale);
    change(
      { request: invocation({ inputs: { [raster.input]: tensor } }) },
      { picture: addressOf(pixels) },
    );
  }, [pixels, scale]);
  const take = async (file: File) => {
    setFault('');
    const picture = await createImageBitmap(file).catch(() => undefined);
    if (!picture) return setFault('This browser cannot read it as a picture.');
    setPixels(drawn(picture, sizeFor(raster, picture)));
  };
  return html`
    ${
      kind === 'drawing'
        ? html`<${Pad} width=${raster.width} height=${raster.height} change=${setPixels} />
          <${Drop} accept="image/*" what="a picture instead" take=${take} />`
        : html`<${Drop} accept="image/*" what="a picture" take=${take}>${pixels && html`<${Preview} pixels=${pixels} />`}<//>`
    }
    ${fault !== '' && html`<p class="try-fault" role="alert">${fault}</p>`}
    <div class="row">
      <${Choice} label="Values of a pixel" value=${scale} options=${SCALES} change=${setScale} />
      ${pixels && html`<span class="small soft">sent as ${pixels.width} × ${pixels.height}, ${raster.channels === 1 ? 'grey' : 'in colour'}</span>`}
    </div>`;
}

function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('this browser has no canvas');
  return context;
}

type Size = { readonly width: number; readonly height: number };

function drawn(picture: CanvasImageSource, { width, height }: Size): ImageData {
  const context = contextOf(Object.assign(document.createElement('canvas'), { width, height }));
  context.imageSmoothingQuality = 'high';
  context.drawImage(picture, 0, 0, width, height);
  return context.getImageData(0, 0, width, height);
}

function addressOf(pixels: ImageData): string {
  const canvas = Object.assign(document.createElement('canvas'), {
    width: pixels.width,
    height: pixels.height,
  });
  contextOf(canvas).putImageData(pixels, 0, 0);
  return canvas.toDataURL('image/png');
}

export function Preview({ pixels }: { pixels: ImageData }) {
  return html`<img class="try-picture pixels" src=${addressOf(pixels)} alt="The picture as the model gets it" />`;
}

// A stroke of this part of the pad is as thick as a pen's in the digits that people wrote for MNIST.
const STROKE = 0.085;
const PAD = 280;

/** A pad to draw on, white on black as in the data sets of digits. */
function Pad({
  width,
  height,
  change,
}: Size & { change: (pixels: ImageData | undefined) => void }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const last = useRef<{ readonly x: number; readonly y: number }>(undefined);
  const clear = () => {
    const at = canvas.current && contextOf(canvas.current);
    if (!at) return;
    at.fillStyle = '#000';
    at.fillRect(0, 0, PAD, PAD);
    change(undefined);
  };
  useEffect(clear, []);
  const pointOf = (event: PointerEvent) => {
    const box = canvas.current?.getBoundingClientRect();
    const [wide, high] = [box?.width ?? PAD, box?.height ?? PAD];
    return {
      x: ((event.clientX - (box?.left ?? 0)) / wide) * PAD,
      y: ((event.clientY - (box?.top ?? 0)) / high) * PAD,
    };
  };
  const begin = (event: PointerEvent) => {
    canvas.current?.setPointerCapture(event.pointerId);
    last.current = pointOf(event);
    move(event);
  };
  const move = (event: PointerEvent) => {
    if (!last.current || !canvas.current) return;
    const at = contextOf(canvas.current);
    const point = pointOf(event);
    Object.assign(at, {
      strokeStyle: '#fff',
      lineWidth: PAD * STROKE,
      lineCap: 'round',
      lineJoin: 'round',
    });
    at.beginPath();
    at.moveTo(last.current.x, last.current.y);
    at.lineTo(point.x, point.y);
    at.stroke();
    last.current = point;
  };
  const end = () => {
    if (!last.current || !canvas.current) return;
    last.current = undefined;
    change(drawn(canvas.current, { width, height }));
  };
  return html`<div class="try-pad">
    <canvas
      ref=${canvas}
      width=${PAD}
      height=${PAD}
      role="img"
      aria-label="A pad to draw on with a pointer; a picture can be chosen instead"
      onPointerDown=${begin}
      onPointerMove=${move}
      onPointerUp=${end}
      onPointerCancel=${end}
    ></canvas>
    <button type="button" class="button tight" onClick=${clear}>Clear</button>
  </div>`;
}
