import { useEffect, useState } from 'preact/hooks';
import { html } from '../../look/html.ts';
import type { Form } from '../form.ts';
import { invocation } from '../request.ts';
import { MOST_SECONDS, peaksOf, RATES, samplesIn, waveOf } from '../sound.ts';
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
      ${samples && html`<span class="small soft">${lengthWords(samples.length, samplesIn(form.shape), Number(rate))}</span>`}
    </div>`;
}

/** How much of a sound the model gets; `taken` is how many samples it takes, null for any number. */
function lengthWords(samples: number, taken: number | null, rate: number): string {
  const seconds = (count: number) => `${(count / rate).toFixed(1)} s`;
  if (taken === null) return `sent as ${seconds(samples)}, at most ${MOST_SECONDS} s`;
  if (samples > taken) return `sent as its first ${seconds(taken)}, which the model takes`;
  return `sent as ${seconds(samples)} and silence up to ${seconds(taken)}`;
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
