import type { IncomingMessage } from 'node:http';
import { consoleSite } from '#adapters/console-site.ts';
import { identityProvider } from '#adapters/local/control/identity-provider.ts';
import { people as peopleOf } from '#adapters/local/control/people.ts';
import type { ConsoleOfPeople } from '#adapters/local/control/remote-control.ts';
import { type Ended, signIn } from '#adapters/local/control/sign-in.ts';
import type { Control } from '#control/operation.ts';
import type { machineOperations } from '#control/operations.ts';
import type { Actor } from '#domain/audit-entry.ts';
import { Failure } from '#domain/failure.ts';
import { type Holder, holderOfPerson, type Person } from '#domain/grant.ts';
import type { SignInSettings } from '../config.ts';
import type { State } from './state.ts';

type Options = SignInSettings & {
  /** The addresses at which the models are called from elsewhere. */
  readonly models: string;
  readonly addressOf: (raw: IncomingMessage) => string | null;
  readonly operationsOf: (
    holder: Holder,
    actor: Actor,
    raw: IncomingMessage,
  ) => Control<typeof machineOperations>;
};

/** The console for people who sign in at an identity provider; what they do is noted with their names. */
export function consoleOfPeople(
  { clock, audit }: Pick<State, 'clock' | 'audit'>,
  { consoleUrl, grants, models, addressOf, operationsOf, ...settings }: Options,
): ConsoleOfPeople<typeof machineOperations> {
  const { origin } = new URL(consoleUrl);
  const people = peopleOf(clock);
  const holderOf = (person: Person) => holderOfPerson(person, grants);

  function requireRights(person: Person): void {
    if (holderOf(person).grants.length > 0) return;
    const groups = person.groups.length > 0 ? person.groups.join(', ') : 'none';
    throw new Failure(
      'PlatformDenied',
      `${person.name} may do nothing here; the identity provider names these groups: ${groups}`,
      { fix: 'Ask whoever runs Slipway to grant one of them a role, by --oidc-grant.' },
    );
  }

  function note({ action, person, address, outcome }: Ended): void {
    audit.add(actorOf(person, address), { action, model: null, object: null, outcome });
  }

  const provider = identityProvider({ ...settings, redirectUri: `${consoleUrl}/` });
  return {
    site: consoleSite({ connects: [models], place: 'team' }),
    signIn: signIn({ provider, people, origin, requireRights, note }),
    origin,
    find: people.find,
    granted: (person, raw) => operationsOf(holderOf(person), actorOf(person, addressOf(raw)), raw),
    addressOf,
  };
}

function actorOf({ name, subject }: Person, address: string | null): Actor {
  return { by: name, key: null, subject, door: 'console', address };
}
