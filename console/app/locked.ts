import { useState } from 'preact/hooks';
import { html } from '../look/html.ts';
import { isOfAccount, isOfTeam, openingCommand } from './place.ts';
import { beginSignIn } from './sign-in.ts';

/** The console without a token. */
export function Locked({ why }: { why: string }) {
  if (isOfTeam()) return html`<${SignIn} why=${why} />`;
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

function SignIn({ why }: { why: string }) {
  const [trouble, setTrouble] = useState(why);
  const [isLeaving, setLeaving] = useState(false);
  async function leave(): Promise<void> {
    setLeaving(true);
    const refused = await beginSignIn().catch(() => 'Slipway does not answer');
    setTrouble(refused);
    setLeaving(refused === '');
  }
  return html`
    <main class="inside locked" id="main" tabindex="-1">
      <img src="console/look/icon.svg" alt="" width="48" height="48" />
      <h1>Sign in to Slipway</h1>
      <p class="soft">With the account that you have in your organization.</p>
      <button class="button main" disabled=${isLeaving} onClick=${leave}>Sign in</button>
      ${trouble && html`<p class="note warn" role="alert">${trouble}</p>`}
    </main>
  `;
}
