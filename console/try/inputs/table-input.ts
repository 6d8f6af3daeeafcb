import { useEffect, useId, useState } from 'preact/hooks';
import { html } from '../../look/html.ts';
import { Theirs } from '../../look/parts.ts';
import { plain } from '../../look/words.ts';
import type { Column, Form } from '../form.ts';
import { tableRequest } from '../request.ts';
import { faultOf, MOST_ROWS, readTable } from '../table.ts';
import { Lines } from './fields.ts';
import type { InputProps } from './input.ts';

type TableForm = Extract<Form, { readonly kind: 'table' }>;
type Rows = readonly (readonly string[])[];

const HINTS: Readonly<Record<Column['kind'], string>> = {
  number: 'number',
  whole: 'whole number',
  text: 'text',
  truth: 'true or false',
};

/** One row as a form, several as a table; both take a table that is pasted or dropped. */
export function TableInput({ form, change }: InputProps<TableForm>) {
  const { columns, isNamed } = form;
  const first = columns.map(({ example }) => example);
  const [rows, setRows] = useState<Rows>([first]);
  const [told, setTold] = useState('');
  const [pasting, setPasting] = useState(false);
  useEffect(() => change({ request: tableRequest(columns, rows, isNamed) }), [rows]);

  const edit = (row: number, column: number, value: string) =>
    setRows(rows.map((cells, at) => (at === row ? cells.with(column, value) : cells)));
  const take = (text: string) => {
    const { rows: read, unknown, missing } = readTable(text, columns);
    if (read.length === 0) return setTold('There are no rows in it.');
    setRows(read);
    setPasting(false);
    setTold(summaryOf(read.length, unknown, missing));
  };
  const paste = (event: ClipboardEvent) => {
    const text = event.clipboardData?.getData('text') ?? '';
    if (!/\t|\n./.test(text) || event.target instanceof HTMLTextAreaElement) return;
    event.preventDefault();
    take(text);
  };
  const drop = async (event: DragEvent) => {
    const file = event.dataTransfer?.files[0];
    if (!file) return;
    event.preventDefault();
    take(await file.text());
  };
  return html`<div class="stack" onPaste=${paste} onDrop=${drop} onDragOver=${(event: DragEvent) => event.preventDefault()}>
    ${
      rows.length === 1
        ? html`<${Fields} columns=${columns} cells=${rows[0] ?? []} edit=${(column: number, value: string) => edit(0, column, value)} />`
        : html`<${Grid} columns=${columns} rows=${rows} edit=${edit} remove=${(row: number) => setRows(rows.toSpliced(row, 1))} />`
    }
    ${pasting && html`<${Paste} columns=${columns} take=${take} />`}
    ${told !== '' && html`<p class="note small" role="status">${told}</p>`}
    <div class="row">
      <button type="button" class="button tight" disabled=${rows.length >= MOST_ROWS} onClick=${() => setRows([...rows, rows.at(-1) ?? first])}>Add a row</button>
      <button type="button" class="button tight" aria-expanded=${pasting} onClick=${() => setPasting(!pasting)}>Paste a table</button>
      <button type="button" class="button tight bare" onClick=${() => {
        setRows([first]);
        setTold('');
      }}>Start again</button>
    </div>
  </div>`;
}

function summaryOf(count: number, unknown: readonly string[], missing: readonly string[]): string {
  const most =
    count === MOST_ROWS
      ? `The first ${MOST_ROWS} rows were taken.`
      : `${count} ${count === 1 ? 'row was' : 'rows were'} taken.`;
  const left = unknown.length > 0 ? ` The model has no ${listed(unknown)}.` : '';
  return most + left + (missing.length > 0 ? ` The table has no ${listed(missing)}.` : '');
}

function listed(names: readonly string[]): string {
  const shown = names
    .slice(0, 5)
    .map((name) => `“${plain(name)}”`)
    .join(', ');
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}

type FieldsProps = {
  readonly columns: readonly Column[];
  readonly cells: readonly string[];
  readonly edit: (column: number, value: string) => void;
};

// A matrix of so many columns has narrow fields.
const MANY = 24;

function Fields({ columns, cells, edit }: FieldsProps) {
  const isNarrow = columns.length > MANY;
  return html`<div class=${`try-fields${isNarrow ? ' narrow' : ''}`}>
    ${columns.map(
      (column, at) =>
        html`<${Field} key=${at} column=${column} value=${cells[at] ?? ''} isNarrow=${isNarrow} edit=${(value: string) => edit(at, value)} />`,
    )}
  </div>`;
}

type FieldProps = {
  readonly column: Column;
  readonly value: string;
  readonly isNarrow: boolean;
  readonly edit: (value: string) => void;
};

function Field({ column, value, isNarrow, edit }: FieldProps) {
  const id = useId();
  const fault = faultOf(value, column);
  const hint = column.isOptional ? `${HINTS[column.kind]}, optional` : HINTS[column.kind];
  return html`<div>
    <label class="label" for=${id}><${Theirs} text=${column.name} /></label>
    <${Cell} id=${id} column=${column} value=${value} edit=${edit} />
    ${!isNarrow && html`<span class=${fault === '' ? 'try-hint' : 'try-hint try-fault'}>${fault === '' ? hint : `takes ${fault}`}</span>`}
  </div>`;
}

type CellProps = {
  readonly id?: string;
  readonly label?: string;
  readonly column: Column;
  readonly value: string;
  readonly edit: (value: string) => void;
};

function Cell({ id, label, column, value, edit }: CellProps) {
  const write = ({ currentTarget }: { currentTarget: HTMLInputElement | HTMLSelectElement }) =>
    edit(currentTarget.value);
  if (column.kind === 'truth') {
    const now = /^(true|1)$/i.test(value.trim()) ? 'true' : 'false';
    return html`<select id=${id} aria-label=${label} value=${now} onChange=${write}>
      <option value="true" selected=${now === 'true'}>true</option>
      <option value="false" selected=${now === 'false'}>false</option>
    </select>`;
  }
  return html`<input
    id=${id}
    aria-label=${label}
    aria-invalid=${faultOf(value, column) !== ''}
    value=${value}
    inputmode=${column.kind === 'text' ? 'text' : 'decimal'}
    autocomplete="off"
    spellcheck=${false}
    onInput=${write}
  />`;
}

type GridProps = {
  readonly columns: readonly Column[];
  readonly rows: Rows;
  readonly edit: (row: number, column: number, value: string) => void;
  readonly remove: (row: number) => void;
};

/** More rows than these are sent, but are not there to be edited. */
const SHOWN_ROWS = 50;

function Grid({ columns, rows, edit, remove }: GridProps) {
  const shown = rows.slice(0, SHOWN_ROWS);
  return html`<div class="scroll try-grid" tabindex="0" role="region" aria-label="Rows to send">
    <table class="table">
      <thead><tr><th></th>${columns.map(({ name }) => html`<th scope="col"><${Theirs} text=${name} /></th>`)}<th></th></tr></thead>
      <tbody>
        ${shown.map(
          (cells, row) => html`<tr key=${row}>
            <th scope="row">${row + 1}</th>
            ${columns.map(
              (column, at) => html`<td><${Cell}
                column=${column}
                label=${`${plain(column.name)}, row ${row + 1}`}
                value=${cells[at] ?? ''}
                edit=${(value: string) => edit(row, at, value)}
              /></td>`,
            )}
            <td><button type="button" class="button tight bare" aria-label=${`Remove row ${row + 1}`} onClick=${() => remove(row)}>×</button></td>
          </tr>`,
        )}
      </tbody>
    </table>
    ${rows.length > SHOWN_ROWS && html`<p class="soft small try-more">and ${rows.length - SHOWN_ROWS} more rows, which are sent too</p>`}
  </div>`;
}

function Paste({ columns, take }: { columns: readonly Column[]; take: (text: string) => void }) {
  const [text, setText] = useState('');
  const names = columns
    .slice(0, 3)
    .map(({ name }) => plain(name))
    .join(', ');
  return html`<div class="stack">
    <${Lines} label=${`Cells of a spreadsheet, or CSV; the first line may have the names: ${names}${columns.length > 3 ? ', …' : ''}`} rows=${5} isCode value=${text} change=${setText} />
    <div><button type="button" class="button tight" disabled=${text.trim() === ''} onClick=${() => take(text)}>Take these rows</button></div>
  </div>`;
}
