// A request as filter criteria look at it (TS 29.228 Annex B and F), asked as it stands. Reader: chain.ts.
import type { CriteriaSubject, RegistrationType, SessionCase } from '#libs/domain';
import { H, HEADER_IDS, HEADER_NAMES, LINE_STRIDE, type SipMessage, UNKNOWN_HEADER, unfold } from '#libs/sip';

const NO_VALUES: readonly string[] = [];

/** A request as the evaluator reads it; nothing is taken apart until a trigger asks. */
export class RequestSubject implements CriteriaSubject {
  readonly method: string;
  private names: readonly string[] | undefined;

  constructor(
    private readonly request: SipMessage,
    readonly requestUri: string,
    readonly sessionCase: SessionCase,
    /** Of the served user; read where the session case does not tell. */
    readonly registered: boolean,
    /** For REGISTER. */
    readonly registrationType: RegistrationType | undefined = undefined,
  ) {
    this.method = request.method;
  }

  /** Made for the first trigger that asks. */
  headerNames(): readonly string[] {
    return (this.names ??= this.readNames());
  }

  private readNames(): readonly string[] {
    const { request } = this;
    const names: string[] = [];
    for (let line = 0; line < request.lineCount; line++)
      names.push(HEADER_NAMES[request.lines[line * LINE_STRIDE]!] ?? request.lineName(line));
    return names;
  }

  headerValues(name: string): readonly string[] {
    const { request } = this;
    const lower = name.toLowerCase();
    const id = HEADER_IDS.get(lower) ?? UNKNOWN_HEADER;
    let found: string[] | undefined;
    for (let line = 0; line < request.lineCount; line++)
      if (
        request.lines[line * LINE_STRIDE] === id &&
        (id !== UNKNOWN_HEADER || request.lineName(line).toLowerCase() === lower)
      )
        (found ??= []).push(unfold(request.lineValue(line)));
    return found ?? NO_VALUES;
  }

  sdp(): string {
    const type = this.request.header(H.ContentType);
    return type !== undefined && /^\s*application\/sdp\b/i.test(type) ? this.request.body : '';
  }
}
