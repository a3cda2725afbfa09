// The HTTP ports of the all-in-one: Homestead, Homestead Prov, Sprout. Each is its app's own Nest module over the core
// that runs here (docs/architecture.md §1).
import type { HomesteadCore } from '#apps/homestead';
import { HomesteadModule } from '#apps/homestead';
import { HomesteadProvModule, type Provisioning } from '#apps/homestead-prov';
import { type RegistrarDoor, SproutModule } from '#apps/sprout';
import {
  type ApiKeys,
  type Drain,
  type HttpServer,
  type Logger,
  type PeerCheck,
  startHttp,
  type TlsIdentity,
} from '#libs/runtime';

export type HttpApiOptions = Readonly<{
  host: string;
  ports: Readonly<{ homestead: number; provisioning: number; sprout: number }>;
  homestead: HomesteadCore;
  door: RegistrarDoor;
  provisioning: Provisioning;
  apiKeys: ApiKeys;
  peers: PeerCheck;
  logger: Logger;
  tls?: TlsIdentity | undefined;
  drain?: Drain | undefined;
}>;

export interface HttpApis {
  readonly homestead: HttpServer;
  readonly provisioning: HttpServer;
  readonly sprout: HttpServer;
  close(): Promise<void>;
}

/** Starts all three; resolves when they listen. */
export const startHttpApis = async (options: HttpApiOptions): Promise<HttpApis> => {
  const { host, ports, homestead: core, door, provisioning: prov, ...common } = options;
  const [homestead, provisioning, sprout] = await Promise.all([
    startHttp({
      ...common,
      host,
      port: ports.homestead,
      title: 'Homestead',
      role: 'homestead',
      module: HomesteadModule.forRoot(core),
    }),
    startHttp({
      ...common,
      host,
      port: ports.provisioning,
      title: 'Homestead Prov',
      role: 'provisioning',
      module: HomesteadProvModule.forRoot(prov),
    }),
    startHttp({
      ...common,
      host,
      port: ports.sprout,
      title: 'Sprout',
      role: 'sprout',
      module: SproutModule.forRoot(door),
    }),
  ]);
  return {
    homestead,
    provisioning,
    sprout,
    async close() {
      await Promise.all([homestead.close(), provisioning.close(), sprout.close()]);
    },
  };
};
