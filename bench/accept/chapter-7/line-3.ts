// 7.3: what is switched on changes the next call: every telephony service, with Homer in the router's process, behind HTTP, and on a cluster
// with two Homers, of which one is killed; and switched on in the page, in a browser.
import { withCluster } from '../../harness/cluster.js';
import { withProduct } from '../../harness/product.js';
import { withBrowser } from '../../portal/browser.js';
import { servicesInPage } from '../../portal/services-in-page.js';
import { PORTAL_ENV } from '../../portal/visit.js';
import { checkServices } from '../chapter-4/telephony-services.js';
import type { Line, Report } from '../line.js';

const onOneProcess = async (report: Report, link: 'memory' | 'http'): Promise<void> => {
  report.note(`one process, HOMER_LINK=${link}`);
  await withProduct({ env: { HOMER_LINK: link, REG_MAX_EXPIRES: '3600' } }, (product) =>
    checkServices(report, product),
  );
};

/** A person's switches, and what the next calls are like. */
const inThePage = (report: Report): Promise<void> => {
  report.note('switched on in the page');
  return withProduct({ env: PORTAL_ENV }, (product) =>
    withBrowser((browser) => servicesInPage(report, browser, product)),
  );
};

/** Documents are put at one Homer and read by the routers at either; then at the other, when the first is gone. */
const onTwoHomers = (report: Report): Promise<void> =>
  withCluster({ kafkaNodes: 1, isPinned: false, env: { REG_MAX_EXPIRES: '3600' } }, async (bench) => {
    report.note('two Homers');
    await checkServices(report, bench.site(1));
    await bench.cluster.end('homer-1', 'SIGKILL');
    report.note('one of two Homers, the other was killed');
    await checkServices(report, bench.site(2));
    const { endedByThemselves } = bench;
    report.check('nobody ended by himself', endedByThemselves.length === 0, endedByThemselves.join('\n'));
  });

export const line: Line = {
  async run(report) {
    await inThePage(report);
    await onOneProcess(report, 'memory');
    await onOneProcess(report, 'http');
    if (!report.quick) await onTwoHomers(report);
  },
};
