import { useEffect, useState } from 'preact/hooks';
import { html } from '../../look/html.ts';
import type { Form } from '../form.ts';
import { invocation } from '../request.ts';
import { MOST_SECONDS, peaksOf, RATES, waveOf } from '../sound.ts';
import { Choice, Drop } from './fields.ts';
import type { InputProps } from './input.ts';
import { useAddress } from './picture-input.ts';

type SoundForm = Extract<Form, { readonly kind: 'sound' }>;
type Rate = keyof typeof RATES;

const PARTS = 160;

/** A sound that becomes a tensor here: decoded by the browser, made mono, and brought to the model's rate. */
export function SoundInput({ form, change }: InputProps<SoundForm>) {
  const [file, setFile] = useState<File>();
  const [rate, setRate] = useState<Rate>('16000');
  const [samples, setSamples] = useState<Float32Array>();
  const [fault, setFault] = useState('');
  const address = useAddress(file);
  useEffect(() => {
    let isLeft = false;
    const bring = async () => {
      const read = file && (await samplesOf(file, Number(rate)).catch(() => undefined));
      if (isLeft) return;
      setFault(file && !read ? 'This browser cannot read it as a sound.' : '');
      setSamples(read);
    };
    void bring();
    return () => {
      isLeft = true;
    };
  }, [file, rate]);
  useEffect(() => {
    const tensor = samples && waveOf(samples, form.shape);
    change(tensor ? { request: invocation({ inputs: { [form.input]: tensor } }) } : undefined);
  }, [samples]);
  return html`
    <${Drop} accept="audio/*" what="a sound" take=${setFile}>
      ${samples && html`<${Wave} samples=${samples} />`}
      ${address && html`<audio controls src=${address}></audio>`}
    <//>
    ${fault !== '' && html`<p class="try-fault" role="alert">${fault}</p>`}
    <div class="row">
      <${Choice} label="Rate of the model" value=${rate} options=${RATES} change=${setRate} />
      ${samples && html`<span class="small soft">sent as ${(samples.length / Number(rate)).toFixed(1)} s, at most ${MOST_SECONDS} s</span>`}
    </div>`;
}

async function samplesOf(file: File, rate: number): Promise<Float32Array> {
  const decoder = new OfflineAudioContext(1, 1, rate);
  const decoded = await decoder.decodeAudioData(await file.arrayBuffer());
  const seconds = Math.min(MOST_SECONDS, decoded.duration);
  const context = new OfflineAudioContext(1, Math.max(1, Math.floor(seconds * rate)), rate);
  const source = Object.assign(context.createBufferSource(), { buffer: decoded });
  source.connect(context.destination);
  source.start();
  return (await context.startRendering()).getChannelData(0);
}

function Wave({ samples }: { samples: Float32Array }) {
  const peaks = peaksOf(samples, PARTS);
  const path = peaks.map((peak, at) => `M${at} ${32 - peak * 30}V${32 + peak * 30}`).join('');
  return html`<svg class="try-wave" viewBox="0 0 ${PARTS} 64" preserveAspectRatio="none" aria-hidden="true"><path d=${path} /></svg>`;
}
