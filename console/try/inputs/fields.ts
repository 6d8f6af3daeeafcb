import { useId } from 'preact/hooks';
import { html } from '../../look/html.ts';

type LinesProps = {
  readonly label: string;
  readonly rows: number;
  readonly value: string;
  readonly change: (value: string) => void;
  readonly isCode?: boolean;
};

/** A text of one or more lines. */
export function Lines({ label, rows, value, change, isCode = false }: LinesProps) {
  const id = useId();
  const write = ({ currentTarget }: { currentTarget: HTMLInputElement | HTMLTextAreaElement }) =>
    change(currentTarget.value);
  return html`<div>
    <label class="label" for=${id}>${label}</label>
    ${
      rows === 1
        ? html`<input id=${id} class="try-wide" value=${value} onInput=${write} autocomplete="off" />`
        : html`<textarea id=${id} class=${isCode ? 'mono' : ''} rows=${rows} value=${value} spellcheck=${!isCode} onInput=${write}></textarea>`
    }
  </div>`;
}

type ChoiceProps<Value extends string> = {
  readonly label: string;
  readonly value: Value;
  readonly options: Readonly<Record<Value, string>>;
  readonly change: (value: Value) => void;
};

export function Choice<Value extends string>({
  label,
  value,
  options,
  change,
}: ChoiceProps<Value>) {
  const id = useId();
  const pick = ({ currentTarget }: { currentTarget: HTMLSelectElement }) => {
    const chosen = names.find((name) => name === currentTarget.value);
    if (chosen) change(chosen);
  };
  const names = Object.keys(options).filter((name): name is Value => Object.hasOwn(options, name));
  return html`<div class="row small">
    <label class="soft" for=${id}>${label}</label>
    <select id=${id} value=${value} onChange=${pick}>
      ${names.map((name) => html`<option value=${name} selected=${name === value}>${options[name]}</option>`)}
    </select>
  </div>`;
}

type DropProps = {
  readonly accept: string;
  readonly what: string;
  readonly take: (file: File) => void;
  readonly children?: unknown;
};

/** A place to drop a file on, or to choose one; a file that is pasted there counts too. */
export function Drop({ accept, what, take, children }: DropProps) {
  const id = useId();
  const drop = (event: DragEvent) => {
    event.preventDefault();
    const file = event.dataTransfer?.files[0];
    if (file) take(file);
  };
  const paste = (event: ClipboardEvent) => {
    const file = event.clipboardData?.files[0];
    if (file) take(file);
  };
  const choose = ({ currentTarget }: { currentTarget: HTMLInputElement }) => {
    const [file] = currentTarget.files ?? [];
    if (file) take(file);
  };
  return html`<div class="try-drop" onDragOver=${(event: DragEvent) => event.preventDefault()} onDrop=${drop} onPaste=${paste}>
    ${children}
    <input id=${id} class="spoken" type="file" accept=${accept} onChange=${choose} />
    <label for=${id}><span class="button tight">Choose ${what}</span> <span class="soft small">or drop it here</span></label>
  </div>`;
}
