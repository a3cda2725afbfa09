// What the steps of a scenario do. README.md lists them for those who write one.
import type { SproutConfig } from '#apps/sprout';
import { Usim } from '#libs/aka';
import { type PhoneOptions, type RegisterOptions, type RequestParts, strictly } from '#libs/phone';
import type { WorldOptions } from '../sim/world.js';
import { WORLD_DOMAIN } from '../sim/world.js';
import type { ApplicationServer } from './application-server.js';
import type { Cast } from './cast.js';
import { criteriaXml } from './criteria-xml.js';
import { operatorFilesOf } from './operator-routing.js';
import { settingsIn, type Step } from './scenario-file.js';
import type { Stage } from './stage.js';

const headerLines = (more: readonly string[]): string => more.map((line) => `${line}\r\n`).join('');

const optional = <K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> =>
  value === undefined ? {} : ({ [key]: value } as Record<K, V>);

/** `world nodes=2 digest=SHA-256,MD5 joins=no country=US`, below it routes, numbers and trunks of the operator: how the world is made. The first step, where there is one. */
export const worldOptions = (step: Step): WorldOptions => {
  const settings = settingsIn(step, 1);
  const files = operatorFilesOf(step.more);
  const sprout: Partial<SproutConfig> = {
    ...optional(
      'digestAlgorithms',
      settings.get('digest')?.split(',') as SproutConfig['digestAlgorithms'] | undefined,
    ),
    ...optional('homeCountry', settings.get('country')),
    ...optional('pcscfPeers', settings.get('pcscf')?.split(',')),
    ...optional('emergencyRoutes', settings.get('emergency')?.split(',')),
    ...files.sprout,
  };
  const bono = {
    ...files.bono,
    ...optional('emergencyUnregistered', settings.get('unregistered') === 'yes' || undefined),
    ...optional('cdfIdentity', settings.get('cdf')),
  };
  const joins = settings.get('joins') === 'no' ? { joins: false } : {};
  return { nodes: settings.get('nodes') === '2' ? 2 : 1, sprout, bono, ...joins };
};

const OPC = 'cd63cb71954a9f4e48a5994e37a02baf';
/** `sim=a1`: its K is that byte, sixteen times. */
const simKeys = (byte: string | undefined) =>
  byte === undefined ? undefined : { k: byte.repeat(16), opc: OPC, amf: '8000' };

/** `sim=a1 counted=1000 aka=2`: as far as the SIM has counted, the version that its phone wishes for. */
const simIn = (settings: ReadonlyMap<string, string>): PhoneOptions['sim'] => {
  const keys = simKeys(settings.get('sim'));
  if (keys === undefined) return undefined;
  const secrets = { k: Buffer.from(keys.k, 'hex'), opc: Buffer.from(keys.opc, 'hex') };
  const usim = new Usim(secrets, Number(settings.get('counted') ?? 0) * 32);
  return { usim, ...optional('version', settings.get('aka') === '2' ? (2 as const) : undefined) };
};

const subscriber = async (stage: Stage, step: Step): Promise<void> => {
  const [, user = ''] = step.words;
  const settings = settingsIn(step, 2);
  const impus = settings.get('identities')?.split(',');
  const xml = step.more.length === 0 ? undefined : criteriaXml(step.more);
  await stage.world.subscriber(user, xml, {
    ...optional('impus', impus),
    ...optional('password', settings.get('password')),
    ...optional('aka', simKeys(settings.get('sim'))),
  });
};

const TRUSTED_ADDRESS = '10.1.0.9';

/** `phone desk user=bob transport=tcp`; `phone core port=5058` is a peer of the trusted zone. */
const phone = async (stage: Stage, step: Step): Promise<void> => {
  const [, name = ''] = step.words;
  const settings = settingsIn(step, 2);
  const port = settings.get('port');
  const node = Number(settings.get('node') ?? 1) - 1;
  const server = { address: stage.world.nodes[node]!.address, port: Number(port ?? 5060) };
  const [address, own] = settings.get('address')?.split(':') ?? [];
  const instance = settings.get('instance');
  await stage.addPhone(
    name,
    settings.get('user') ?? name,
    {
      server,
      transport: settings.get('transport') === 'tcp' || port !== undefined ? 'tcp' : 'udp',
      ...optional('address', address ?? (port === undefined ? undefined : TRUSTED_ADDRESS)),
      ...optional('port', own === undefined ? undefined : Number(own)),
      ...optional('password', settings.get('password')),
      ...optional('sim', simIn(settings)),
      ...optional('instance', instance === undefined ? undefined : `urn:uuid:${instance}`),
    },
    node,
  );
};

/** `name=value` words of a request, as its parts. */
const partsOf = (settings: ReadonlyMap<string, string>, more: readonly string[]): Partial<RequestParts> => ({
  headers: headerLines(more),
  ...optional('maxForwards', settings.get('max-forwards')),
  ...optional('from', settings.get('from')),
  ...optional('to', settings.get('to')),
  ...optional('callId', settings.get('call-id')),
  ...optional('cseq', settings.has('cseq') ? Number(settings.get('cseq')) : undefined),
  ...optional('body', settings.get('body')),
});

const registers = (cast: Cast, step: Step): void => {
  const settings = settingsIn(step, 2);
  const contact = settings.get('contact');
  const expires = settings.get('expires');
  const own: Record<string, string> = { none: '', '*': '*' };
  const options: RegisterOptions = {
    headers: headerLines(step.more),
    ...optional(
      'expiresS',
      expires === 'none' ? ('none' as const) : expires === undefined ? undefined : Number(expires),
    ),
    ...optional('contact', contact === undefined ? undefined : (own[contact] ?? contact)),
    ...optional('cseq', settings.has('cseq') ? Number(settings.get('cseq')) : undefined),
    ...optional('callId', settings.get('call-id')),
    proof: (settings.get('proof') ?? 'usual') as NonNullable<RegisterOptions['proof']>,
    ...optional('nc', settings.has('nc') ? Number(settings.get('nc')) : undefined),
    ...optional('uri', settings.get('uri')),
    parts: {
      ...optional('maxForwards', settings.get('max-forwards')),
      ...optional('to', settings.get('to')),
      ...optional('from', settings.get('from')),
    },
  };
  void cast.phone.register(options);
};

/** GRUUs last named of each: who is given none by a later registration is called by one of before. */
const named = new WeakMap<Cast, Map<string, string>>();

/** `temp-gruu:desk`, `pub-gruu:desk`: what the other's last registration was answered with, or where that gave none the one named last. */
const uriOf = (stage: Stage, word: string | undefined): string | undefined => {
  const [, kind, name] = /^((?:temp|pub)-gruu):(.+)$/.exec(word ?? '') ?? [];
  if (kind === undefined || name === undefined) return word;
  const cast = stage.named(name);
  const { registered, options } = cast.phone;
  const own = registered?.raw.split('\r\n').find((line) => line.includes(`"<${options.instance}>"`));
  const before = named.get(cast) ?? new Map<string, string>();
  const uri = new RegExp(`;${kind}="([^"]+)"`).exec(own ?? '')?.[1] ?? before.get(kind);
  if (uri === undefined) throw new Error(`${name} has never been given a ${kind}`);
  named.set(cast, before.set(kind, uri));
  return uri;
};

const isUri = (word: string | undefined): word is string => word !== undefined && /^[a-z]+:/i.test(word);

/** A request outside a dialog when it names whom it is for, else one inside the phone's dialog. */
const sends = (stage: Stage, cast: Cast, step: Step): void => {
  const [, method = '', word] = step.words;
  const uri = uriOf(stage, word);
  const { phone: sender, dialog } = cast;
  if (method === 'REGISTER') return registers(cast, step);
  if (method === 'CANCEL' && !isUri(uri)) return cast.exchange!.cancel();
  if (isUri(uri)) return cast.sends(sender.request(method, uri, partsOf(settingsIn(step, 3), step.more)));
  if (dialog === undefined) throw new Error(`line ${step.line}: ${sender.aor} is in no dialog`);
  const settings = settingsIn(step, 2);
  const way = settings.get('routing') === 'strict' ? strictly(dialog) : dialog;
  dialog.cseq++;
  way.cseq = dialog.cseq - 1;
  const body = settings.get('body') ?? '';
  const exchange = sender.within(way, method, { headers: headerLines(step.more), body });
  if (exchange !== undefined) cast.sends(exchange);
};

/** Steps that begin with an application server's name. */
const serves = async (server: ApplicationServer, step: Step): Promise<void> => {
  const [, verb = '', ...rest] = step.words;
  if (verb === 'answers')
    server.behaviour = { kind: 'answers', statuses: rest[0] === 'nothing' ? [] : rest.map(Number) };
  else if (verb === 'is-silent') server.behaviour = { kind: 'silent' };
  else if (verb === 'leaves') await server.close();
  else if (verb === 'bridges') {
    server.behaviour = { kind: 'bridges', ...optional('to', settingsIn(step, 2).get('to')) };
  } else if (verb === 'proxies') {
    const settings = settingsIn(step, 2);
    server.behaviour = {
      kind: 'proxies',
      ...optional('to', settings.get('to')),
      ...optional('by', settings.get('by')),
      ...optional('records', settings.has('records') ? settings.get('records') === 'yes' : undefined),
      ...optional('then', settings.has('then') ? Number(settings.get('then')) : undefined),
    };
  } else throw new Error(`line ${step.line}: what does '${verb}' mean?`);
};

/** Steps that begin with a phone's name. */
const acts = async (stage: Stage, step: Step): Promise<void> => {
  const [name = '', verb = '', ...rest] = step.words;
  const server = stage.servers.get(name);
  if (server !== undefined) return serves(server, step);
  const cast = stage.named(name);
  if (/^[A-Z]/.test(verb)) sends(stage, cast, step);
  else if (verb === 'answers') cast.answers = rest[0] === 'nothing' ? [] : rest.map(Number);
  else if (verb === 'otherwise') cast.otherwise = Number(rest[0]);
  else if (verb === 'leaves-waiting') cast.otherwise = 0;
  else if (verb === 'replies') cast.replies(Number(rest[0]), headerLines(step.more));
  else if (verb === 'borrows') cast.dialog = stage.named(rest[0] ?? '').dialog;
  else if (verb === 'overhears') cast.phone.said = stage.named(rest[0] ?? '').phone.said;
  else if (verb === 'hangs-up') cast.phone.hangUp();
  else if (verb === 'leaves') await cast.phone.close();
  else throw new Error(`line ${step.line}: what does '${verb}' mean?`);
};

const DURATION = /^(\d+(?:\.\d+)?)(ms|s)$/;

const wait = async (stage: Stage, { words, line }: Step): Promise<void> => {
  const [, amount, unit] = DURATION.exec(words[1] ?? '') ?? [];
  if (amount === undefined) throw new Error(`line ${line}: wait for how long? 1.5s, 20ms`);
  await stage.world.advance(Number(amount) * (unit === 's' ? 1000 : 1));
};

const password = async ({ world }: Stage, [, user = '', secret = '']: readonly string[]): Promise<void> => {
  const body = { plaintext_password: secret };
  await world.provisioning.putPrivate({ impi: `${user}@${WORLD_DOMAIN}`, body });
};

const bar = async ({ world }: Stage, user: string): Promise<void> => {
  const impi = `${user}@${WORLD_DOMAIN}`;
  const impu = `sip:${impi}`;
  const set = await world.provisioning.provisionSubscriber({ impi, impus: [impu], password: 'secret' });
  const xml = `<PublicIdentity><Identity>${impu}</Identity><BarringIndication>1</BarringIndication></PublicIdentity>`;
  await world.provisioning.putPublicId({ ...set, impu, xml });
};

/** `simservs bob`: below it the services of the document; what stands without a prefix is of no namespace here. */
const simservs = async ({ world }: Stage, user: string, { more }: Step): Promise<void> => {
  const impu = `sip:${user}@${WORLD_DOMAIN}`;
  await world.writeDocument(impu, `<simservs>${more.join('\n')}</simservs>`);
};

/** `operator ends alice [rejected]`, `operator renames alice to=sip:alice@ims.test,sip:ally@ims.test`: by the router's HTTP API. */
const operator = async ({ world }: Stage, step: Step): Promise<void> => {
  const [, verb = '', user = '', how] = step.words;
  const impu = `sip:${user}@${WORLD_DOMAIN}`;
  const { administration } = world.sprout;
  if (verb === 'ends') {
    await world.until(administration.end(impu, how === 'rejected'));
    return;
  }
  const identities = settingsIn(step, 3).get('to')?.split(',') ?? [];
  const xml = identities
    .map((each) => `<PublicIdentity><Identity>${each}</Identity></PublicIdentity>`)
    .join('');
  const profile = `<IMSSubscription><PrivateID>x</PrivateID><ServiceProfile>${xml}</ServiceProfile></IMSSubscription>`;
  await world.until(administration.change(impu, profile));
};

type Faulty = 'log' | 'homestead' | 'store' | 'input';
/** Twice what the edge suffers. */
const INPUT_WAIT_MS = 300;

/** `log full`, `homestead timeout`, `store down`, `input waits`; `works` ends it. */
const fault = ({ world: { faults } }: Stage, part: Faulty, what: string): void => {
  const kind = what === 'works' ? undefined : what;
  if (part === 'log') faults.log(kind as Parameters<typeof faults.log>[0]);
  else if (part === 'homestead') faults.homestead = kind as typeof faults.homestead;
  else if (part === 'store') faults.store = kind !== undefined;
  else faults.inputWaitMs = kind === undefined ? 0 : INPUT_WAIT_MS;
};

/** Takes one step; what comes of it is observed by the stage. */
export const take = async (stage: Stage, step: Step): Promise<void> => {
  const [first = '', second = ''] = step.words;
  switch (first) {
    case 'subscriber':
      return subscriber(stage, step);
    case 'phone':
      return phone(stage, step);
    case 'app-server':
      return stage.addServer(second, step.words[2] ?? '');
    case 'wait':
      return wait(stage, step);
    case 'show':
      stage.shown = step.words.slice(1);
      return;
    case 'events':
      stage.families = new Set(step.words.slice(1));
      return;
    case 'log':
    case 'homestead':
    case 'store':
    case 'input':
      return fault(stage, first, second);
    case 'operator':
      return operator(stage, step);
    case 'restart':
      return stage.world.restartBono(Number(step.words[2] ?? 1) - 1);
    case 'simservs':
      return simservs(stage, second, step);
    case 'bar':
      return bar(stage, second);
    case 'password':
      return password(stage, step.words);
    default:
      return acts(stage, step);
  }
};
