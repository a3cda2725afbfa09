// The services of a served user: from the parameters of the server's name, else from the user's document. Documents are
// parsed once a text, not once a request; a changed document is another text, so nothing here can be stale.
import { diversionServer, documentId, NO_SIMSERVS, type Simservs, SIMSERVS_AUID } from '#libs/domain';
import { parseSimservs } from '#libs/homestead-client';
import { uriParam, userOf } from '#libs/sip';
import type { MmtelPorts } from './mmtel.port.js';

/** Documents kept parsed; beyond it the oldest goes. */
const PARSED_MAX = 10_000;

/** `sip:cdiv.ims.test;target=…`, also `sip:cdiv@ims.test;…`: the server that needs no document. */
const DIVERSION_SERVER = /^sips?:(?:[^@]*@)?cdiv[.@:;]/i;
const isDiversionServer = (serverUri: string): boolean =>
  DIVERSION_SERVER.test(serverUri) || userOf(serverUri).toLowerCase() === 'cdiv';

export class UserServices {
  readonly #parsed = new Map<string, Simservs>();

  constructor(private readonly ports: Pick<MmtelPorts, 'documents' | 'observer'>) {}

  /** At once where it can be told without asking. Rejects when it cannot be told at all. */
  of(serverUri: string, impu: string): Simservs | Promise<Simservs> {
    if (isDiversionServer(serverUri)) return diversionServer((name) => uriParam(serverUri, name));
    const { documents } = this.ports;
    if (documents === undefined) return NO_SIMSERVS;
    const id = documentId({ impu, auid: SIMSERVS_AUID });
    const known = documents.peek(id);
    if (known !== undefined) return this.#services(known ?? undefined);
    return documents.xml(id).then((xml) => this.#services(xml));
  }

  #services(xml: string | undefined): Simservs {
    if (xml === undefined) return NO_SIMSERVS;
    const known = this.#parsed.get(xml);
    if (known !== undefined) return known;
    const parsed = parseSimservs(xml);
    if (!parsed.ok) this.ports.observer.fault('simservs-unusable');
    const services = parsed.ok ? parsed.value : NO_SIMSERVS;
    if (this.#parsed.size >= PARSED_MAX) this.#parsed.delete(this.#parsed.keys().next().value!);
    this.#parsed.set(xml, services);
    return services;
  }
}
