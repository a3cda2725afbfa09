// Finishes what a crash left between two appends (docs/architecture.md §2): provisioning has no transactions over streams.
// Each multi-step change has one step that decides it, so what is left over can be told from the view alone:
//   PUT public id: reserve, then ASSIGN            → a reservation that its set does not hold: undone by release
//   DELETE public id, profile, set: REMOVE, then release → the same, finished by release
//   DELETE private: REMOVE the credential, then unlink    → a link to no credential: finished by unlink
//   PUT private: write the secret, then NAME its version  → a version not in force: swept from the credential store
// Run at start, before requests are taken. Run beside requests it needs a grace, as it cannot tell theirs from a dead one's.
import { release } from './handlers/reservations.js';
import { unlinkPrivate } from './handlers/links.js';
import type { ProvisioningPorts } from './ports.js';

export type Finished = Readonly<{
  reservationsReleased: number;
  linksRemoved: number;
  versionsSwept: number;
}>;

export type FinishOptions = Readonly<{
  /** What is younger is left alone; 0 only while nobody else provisions. */
  graceMs: number;
}>;

const releaseUnassigned = async (ports: ProvisioningPorts, before: number): Promise<number> => {
  let released = 0;
  for await (const { impu, irs, revision, atMs } of ports.profiles.reservations()) {
    if (atMs > before) continue;
    const set = await ports.profiles.profile(irs);
    // Released at the revision that was judged: a request that reserves it again meanwhile keeps it.
    if (set?.publicIds.has(impu)) continue;
    await release(ports, { impu, irs, revision });
    released++;
  }
  return released;
};

const unlinkUnknown = async (ports: ProvisioningPorts): Promise<number> => {
  let removed = 0;
  for await (const { impi, irs } of ports.profiles.links()) {
    if (await ports.profiles.credential(impi)) continue;
    if (await unlinkPrivate(ports, { impi, irs })) removed++;
  }
  return removed;
};

const sweepVersions = async (ports: ProvisioningPorts, before: number): Promise<number> => {
  const inForce = new Set<string>();
  for await (const { version } of ports.profiles.credentialsInForce()) inForce.add(version);
  let swept = 0;
  for await (const { versionId, writtenAtMs } of ports.credentials.versions()) {
    if (inForce.has(versionId) || writtenAtMs > before) continue;
    await ports.credentials.remove(versionId);
    swept++;
  }
  return swept;
};

export const finishInterrupted = async (
  ports: ProvisioningPorts,
  { graceMs }: FinishOptions,
): Promise<Finished> => {
  const before = graceMs === 0 ? Infinity : ports.clock.nowMs() - graceMs;
  return {
    reservationsReleased: await releaseUnassigned(ports, before),
    linksRemoved: await unlinkUnknown(ports),
    versionsSwept: await sweepVersions(ports, before),
  };
};
