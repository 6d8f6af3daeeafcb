import { useEffect, useState } from 'preact/hooks';
import { html } from '../../look/html.ts';
import { bytes, plain } from '../../look/words.ts';
import type { Form } from '../form.ts';
import { fieldsOf } from '../model.ts';
import { fileRequest, invocation } from '../request.ts';
import { Drop } from './fields.ts';
import type { InputProps } from './input.ts';

type PictureForm = Extract<Form, { readonly kind: 'picture' }>;

/** A picture whose bytes are the body. The example's is there from the start. */
export function PictureInput({ form, model, change }: InputProps<PictureForm>) {
  const { inputs } = fieldsOf(model.example);
  const example = typeof inputs === 'string' ? inputs : '';
  const [file, setFile] = useState<File>();
  const address = useAddress(file);
  const shown = address || (example === '' ? '' : dataUrl(example));
  useEffect(() => {
    if (file) change({ request: fileRequest(file.name, file.type), file }, { picture: address });
    else
      change(example === '' ? undefined : { request: invocation({ inputs: example }) }, {
        picture: shown,
      });
  }, [file, address]);
  return html`<${Drop} accept=${form.accept} what="a picture" take=${setFile}>
    ${shown && html`<img class="try-picture" src=${shown} alt=${file ? plain(file.name) : "The model's example"} />`}
    ${file ? html`<p class="small soft"><bdi>${plain(file.name)}</bdi>, ${bytes(file.size)}</p>` : shown && html`<p class="small soft">the model's example</p>`}
  <//>`;
}

/** The address of a file for this page, as long as it is shown. */
export function useAddress(file: Blob | undefined): string {
  const [address, setAddress] = useState('');
  useEffect(() => {
    if (!file) return setAddress('');
    const made = URL.createObjectURL(file);
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [file]);
  return address;
}

function dataUrl(base64: string): string {
  if (/^data:image\/(png|jpeg|webp|gif);base64,/.test(base64)) return base64;
  return /^[A-Za-z0-9+/=\s]+$/.test(base64) ? `data:image/png;base64,${base64}` : '';
}

type FileForm = Extract<Form, { readonly kind: 'file' }>;

/** Any file: a sound can be heard, and a picture seen, before it is sent. */
export function FileInput({ change }: InputProps<FileForm>) {
  const [file, setFile] = useState<File>();
  const address = useAddress(file);
  useEffect(() => {
    if (!file) return change(undefined);
    const request = fileRequest(file.name, 'application/octet-stream');
    change({ request, file }, file.type.startsWith('image/') ? { picture: address } : {});
  }, [file, address]);
  return html`<${Drop} accept="" what="a file" take=${setFile}>
    ${file?.type.startsWith('image/') && address && html`<img class="try-picture" src=${address} alt=${plain(file.name)} />`}
    ${file?.type.startsWith('audio/') && address && html`<audio controls src=${address}></audio>`}
    ${file && html`<p class="small soft"><bdi>${plain(file.name)}</bdi>, ${bytes(file.size)}</p>`}
  <//>`;
}
