// Finishes what a crash left between two appends (docs/architecture.md §2): provisioning has no transactions over streams.
// Each multi-step change has one step that decides it, so what is left over can be told from the view alone:
//   PUT public id: reserve, then ASSIGN            → a reservation that its set does not hold: undone by release
//   DELETE public id, profile, set: REMOVE, then release → the same, finished by release
//   DELETE private: REMOVE the credential, then unlink    → a link to no credential: finished by unlink
//   PUT private: write the secret, then NAME its version  → a version not in force: let go, and swept when it was kept for long enough
// Run at start, before requests are taken. Run beside requests it needs a grace, as it cannot tell theirs from a dead one's.
// What looks left over is judged again by the log itself before anything is undone: a view that lags must not cost a secret.
import { credentialStream, subscriberStream } from '#libs/domain';
import { type Credential, letGo, ofSubscriber, retiredVersions, sweepRetired } from '#libs/stores';
import { unlinkPrivate } from './handlers/links.js';
import { release } from './handlers/reservations.js';
import type { ProvisioningPorts } from './ports.js';

export type Finished = Readonly<{
  reservationsReleased: number;
  linksRemoved: number;
  /** Secrets that are named no longer: kept from now on for a time, where they are. */
  versionsLetGo: number;
  /** Could not be judged, because their stream cannot be folded: left for the next time. */
  undecided: number;
}>;

export type FinishOptions = Readonly<{
  /** What is younger is left alone; 0 only while nobody else provisions. */
  graceMs: number;
}>;

class SubscriberProcess {
  private readonly caughtUp = new Map<string, Promise<boolean>>();
  undecided = 0;

  constructor(
    private readonly ports: ProvisioningPorts,
    /** Nothing younger than this is touched. */
    private readonly beforeMs: number,
  ) {}

  async releaseUnassigned(): Promise<number> {
    const { profiles } = this.ports;
    const holds = async (irs: string, impu: string) => (await profiles.profile(irs))?.publicIds.has(impu);
    let released = 0;
    for await (const { impu, irs, revision, atMs } of profiles.unassigned()) {
      if (atMs > this.beforeMs) continue;
      if (!(await this.isDecided(subscriberStream(irs))) || (await holds(irs, impu))) continue;
      // Released at the revision that was judged: a request that reserves it again meanwhile keeps it.
      await release(this.ports, { impu, irs, revision });
      released++;
    }
    return released;
  }

  async unlinkUnknown(): Promise<number> {
    const { profiles } = this.ports;
    let removed = 0;
    for await (const { impi, irs } of profiles.dangling()) {
      if (!(await this.isDecided(credentialStream(impi))) || (await profiles.credential(impi))) continue;
      if (await unlinkPrivate(this.ports, { impi, irs })) removed++;
    }
    return removed;
  }

  async letGoOfVersions(): Promise<number> {
    const { profiles, credentials, credentialKeptMs } = this.ports;
    const retired = await retiredVersions(credentials);
    const inForce = new Set<string>();
    for await (const { version } of profiles.credentialsInForce()) inForce.add(version);
    let letGoOf = 0;
    for await (const { versionId, writtenAtMs } of credentials.versions()) {
      if (inForce.has(versionId) || retired.has(versionId) || writtenAtMs > this.beforeMs) continue;
      if (!(await this.isUnnamed(versionId, await credentials.get(versionId)))) continue;
      await letGo(credentials, versionId, credentialKeptMs);
      letGoOf++;
    }
    return letGoOf;
  }

  /** By the log itself. Versions of other kinds are others' to judge. */
  async isUnnamed(versionId: string, credential: Credential | undefined): Promise<boolean> {
    const impi = ofSubscriber(credential)?.impi;
    if (impi === undefined || !(await this.isDecided(credentialStream(impi)))) return false;
    return (await this.ports.profiles.credential(impi))?.version !== versionId;
  }

  sweep(): Promise<number> {
    const { credentials, clock, credentialKeptMs: keptMs } = this.ports;
    const isUnnamed = (versionId: string, credential: Credential) => this.isUnnamed(versionId, credential);
    return sweepRetired({ credentials, nowMs: clock.nowMs(), keptMs, isUnnamed });
  }

  /** Brings a stream's row up to the log, once a run; false when it cannot be folded. */
  private async isDecided(stream: string): Promise<boolean> {
    let known = this.caughtUp.get(stream);
    if (!known) {
      known = this.ports.profiles.catchUp(stream).then(
        () => true,
        () => false,
      );
      this.caughtUp.set(stream, known);
    }
    const decided = await known;
    if (!decided) this.undecided++;
    return decided;
  }
}

export const finishInterrupted = async (
  ports: ProvisioningPorts,
  { graceMs }: FinishOptions,
): Promise<Finished> => {
  const beforeMs = graceMs === 0 ? Infinity : ports.clock.nowMs() - graceMs;
  const process = new SubscriberProcess(ports, beforeMs);
  return {
    reservationsReleased: await process.releaseUnassigned(),
    linksRemoved: await process.unlinkUnknown(),
    versionsLetGo: await process.letGoOfVersions(),
    undecided: process.undecided,
  };
};

/** Secrets that were let go as long ago as they are kept: gone for good. Beside requests, and beside others that do it. */
export const sweepSecrets = (ports: ProvisioningPorts): Promise<number> =>
  new SubscriberProcess(ports, Infinity).sweep();
