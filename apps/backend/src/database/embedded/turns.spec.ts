import { expect, it } from 'vitest';
import { createTurns, type Turn } from './turns';

/** Runs turns named by letters in the order given; a capital keeps the session for its client's next turn. */
async function drawn(line: string): Promise<string> {
  let taken = '';
  const turns = createTurns((error) => expect(error).toBeUndefined());
  const clients = new Map<string, { turn: Turn; wants: string[] }>();
  for (const letter of line) {
    const name = letter.toLowerCase();
    const client = clients.get(name) ?? { wants: [], turn: { take: () => Promise.resolve(false) } };
    clients.set(name, client);
    client.wants.push(letter);
    client.turn.take = () => {
      const next = client.wants.shift() ?? '';
      taken += next;
      return Promise.resolve(next !== next.toLowerCase());
    };
    turns.enqueue(client.turn);
  }
  for (let round = 0; round < line.length * 3; round++) await new Promise(setImmediate);
  return taken;
}

it.each([
  ['first come, first served', 'abcab', 'abcab'],
  ['whoever is in a transaction goes on first', 'AbcAa', 'AAabc'],
  ['the others wait while a transaction is idle', 'Abc', 'A'],
  ['one transaction after the other', 'ABab', 'AaBb'],
])('%s: %s is served as %s', async (_, line, served) => {
  expect(await drawn(line)).toBe(served);
});

it('work of the house waits for its turn, and its error is its own', async () => {
  const turns = createTurns((error) => expect(error).toBeUndefined());
  const order: string[] = [];
  turns.enqueue({ take: async () => (order.push('client'), false) });
  const failing = turns.exclusively(() => Promise.reject(new Error('no')));
  const working = turns.exclusively(async () => order.push('house'));
  await expect(failing).rejects.toThrow('no');
  await working;
  expect(order).toEqual(['client', 'house']);
});
