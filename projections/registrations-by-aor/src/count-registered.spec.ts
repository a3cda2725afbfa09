import type { Registration } from '#libs/domain';
import { createMemoryKeyValueStore } from '#libs/stores';
import { createFakeClock } from '#libs/testkit';
import { countRegistered } from './count-registered.js';
import { RegistrationRows } from './registrations-by-aor.store.js';

const row = (...expiresAtMs: readonly number[]): Registration =>
  ({
    entries: Object.fromEntries(
      expiresAtMs.map((at, n) => [String(n), at === 0 ? {} : { binding: { expiresAtMs: at } }]),
    ),
  }) as unknown as Registration;

it('counts users with a binding that is not over, all of many', async () => {
  const clock = createFakeClock(1_000);
  const some = [row(2_000), row(500, 2_000), row(1_000), row(), row(0)];
  const all = Array.from({ length: 1_001 }, () => some).flat();
  const rows = { hasAll: true, all: () => all.map((one, n) => [String(n), one] as const) };
  const counted = countRegistered(rows, clock);
  for (let turns = 0; turns < 10; turns++) {
    clock.advance(0);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await counted).toBe(2_002);
});

it('cannot be told of rows that are elsewhere', async () => {
  const clock = createFakeClock(0);
  const { entries: _entries, ...elsewhere } = createMemoryKeyValueStore<Registration>({ name: 'r', clock });
  expect(await countRegistered(new RegistrationRows(elsewhere, clock), clock)).toBeNull();
});
