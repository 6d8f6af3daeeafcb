/** Whether this console is of an account: what it asks there is done with the caller's own credentials. */
export function isOfAccount(): boolean {
  return place() === 'account';
}

/** Whether people sign in to this console at an identity provider. */
export function isOfTeam(): boolean {
  return place() === 'team';
}

function place(): string | undefined {
  return document.querySelector<HTMLElement>('#app')?.dataset['place'];
}

/** The command that serves what this console asks. */
export function servingCommand(): string {
  return isOfAccount() ? 'slipway console --stage STAGE' : 'slipway start';
}

/** The command that opens this console. */
export function openingCommand(): string {
  return isOfAccount() ? 'slipway console --stage STAGE' : 'slipway console';
}
