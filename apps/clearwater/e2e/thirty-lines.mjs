// Four application servers in thirty lines of drachtio-srf (docs/application-servers.md): one that answers, one that bridges, one
// that rejects and one that proxies. Criteria name them `sip:<tag>@drachtio.<home domain>`. Run by tests and by `npm run accept`.
import Srf from 'drachtio-srf';

const {
  DRACHTIO_HOST: host = '127.0.0.1',
  DRACHTIO_PORT: port = '9022',
  DRACHTIO_SECRET: secret = '',
} = process.env;
const KEPT = ['Route', 'P-Asserted-Identity', 'P-Charging-Vector', 'Privacy'];
const PASSED = ['content-type', 'refer-to', 'referred-by', 'event', 'subscription-state'];

const pass = (from, to) => {
  from.on('destroy', () => to.destroy().catch(() => undefined));
  from.on('modify', (req, res) =>
    to.modify(req.body).then(
      (body) => res.send(200, { body }),
      () => res.send(488),
    ),
  );
  for (const method of ['refer', 'info', 'notify', 'message'])
    from.on(method, async (req, res) => {
      const headers = Object.fromEntries(
        PASSED.filter((name) => req.has(name)).map((name) => [name, req.get(name)]),
      );
      const answer = await to.request({ method: req.method, headers, body: req.body });
      res.send(answer.status);
    });
};
const services = {
  answer: async (srf, req, res) => void (await srf.createUAS(req, res, { localSdp: req.body })),
  reject: (_srf, _req, res) => res.send(486),
  proxy: (_srf, req) => req.proxy({ destination: req.uri, remainInDialog: true }).catch(() => undefined),
  bridge: async (srf, req, res) => {
    const { uas, uac } = await srf.createB2BUA(req, res, req.uri, { proxyRequestHeaders: KEPT });
    pass(uas, uac);
    pass(uac, uas);
  },
};
for (const [tag, serve] of Object.entries(services)) {
  const srf = new Srf(tag).on('error', () => undefined);
  srf.connect({ host, port: Number(port), secret });
  srf.invite((req, res) => void Promise.resolve(serve(srf, req, res)).catch(() => undefined));
}
