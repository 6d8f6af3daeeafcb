import { html } from '../look/html.ts';
import { isOfAccount, openingCommand } from './place.ts';

/** The console without a token. */
export function Locked({ why }: { why: string }) {
  return html`
    <main class="inside locked" id="main" tabindex="-1">
      <img src="console/look/icon.svg" alt="" width="48" height="48" />
      <h1>This console is locked</h1>
      <p class="soft">${isOfAccount() ? 'It ends with the command that served it. In a terminal with your credentials:' : 'Only who runs Slipway may see and change what runs. In a terminal of that user:'}</p>
      <code class="code big">${openingCommand()}</code>
      <p class="soft">or <code>npm run -s slipway -- ${openingCommand().replace('slipway ', '')}</code> in a clone. It opens this page with a link that works once.</p>
      ${why && html`<p class="note warn" role="alert">${why}</p>`}
    </main>
  `;
}
