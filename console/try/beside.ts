import { useEffect, useState } from 'preact/hooks';
import { html } from '../look/html.ts';
import { plain } from '../look/words.ts';
import { revisionAddress } from './address.ts';
import { type Draft, type ModelAddress, otherModels } from './ask.ts';
import type { Model } from './model.ts';

type BesideProps = {
  readonly model: Model;
  readonly way: ModelAddress;
  readonly revisions: readonly string[];
  readonly beside: string;
  readonly choose: (own: string) => void;
};

/** A choice among the versions and models that can be asked the same: those of this machine; an account has a path for the live version alone. */
export function Beside({ way, model, revisions, beside, choose }: BesideProps) {
  const [others, setOthers] = useState<readonly string[]>([]);
  useEffect(() => {
    if (/\/models\/[^/]+$/.test(way.own)) void otherModels(way, model.name).then(setOthers);
  }, [way]);
  const folder = way.own.replace(/\/[^/]+$/, '');
  const versions = revisions.flatMap((name) => {
    const own = revisionAddress(way.own, name);
    return own ? [{ name, own }] : [];
  });
  const options = [...versions, ...others.map((name) => ({ name, own: `${folder}/${name}` }))];
  if (options.length === 0) return null;
  return html`<label class="row small soft push">Compare with
    <select value=${beside} onChange=${({ currentTarget }: { currentTarget: HTMLSelectElement }) => choose(currentTarget.value)}>
      <option value="">nothing</option>
      ${options.map(({ name, own }) => html`<option value=${own} selected=${own === beside}>${plain(name)}</option>`)}
    </select>
  </label>`;
}

/** The addresses to ask. During a shift the endpoint answers as any of the revisions: one that is compared stands beside another one, by its own address too. */
export function waysTo(
  way: ModelAddress,
  beside: string,
  revisions: readonly string[],
): readonly ModelAddress[] {
  if (beside === '') return [way];
  const addresses = revisions.map((name) => revisionAddress(way.own, name));
  const isRevision = addresses.includes(beside);
  const other = isRevision
    ? addresses.find((own) => own !== undefined && own !== beside)
    : undefined;
  return [
    { ...way, own: other ?? way.own },
    { ...way, own: beside },
  ];
}

/** A body that names the model has to name the one that is asked. */
export function addressed(
  draft: Draft,
  { own }: ModelAddress,
  { own: first }: ModelAddress,
): Draft {
  const { body, path } = draft.request;
  if (own === first || body.kind !== 'json' || !('model' in Object(body.value))) return draft;
  const name = /\/models\/([^/]+)$/.exec(own)?.[1];
  return name
    ? { request: { path, body: { kind: 'json', value: { ...Object(body.value), model: name } } } }
    : draft;
}
