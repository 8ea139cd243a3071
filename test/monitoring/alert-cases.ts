/**
 * One story for each alert, in promtool's notation (`0x5 1x20`: six zeros, then 21 ones): before
 * `quietAt` nothing is wrong, at `firesAt` it fires, at `clearsAt` it is over.
 */
export type AlertCase = {
  readonly alert: string;
  readonly series: Readonly<Record<string, string>>;
  readonly quietAt: string;
  readonly firesAt: string;
  readonly clearsAt: string;
  /** Besides the severity. */
  readonly labels: Readonly<Record<string, string>>;
  readonly severity: 'info' | 'warning' | 'critical';
  readonly interval?: string;
};

const CLUSTER = { cluster: 'c' };
const PLACE = { cluster: 'c', node: 'n1', instance: 'i' };
const AGENT = '{cluster="c",node="n1",instance="i"}';
/** Wrong from minute 6 to 26. */
const SPAN = { quietAt: '5m', firesAt: '20m', clearsAt: '45m' };
/** Counted once, at minute 11; `increase` forgets it after 15 minutes. */
const ONCE = { quietAt: '10m', firesAt: '15m', clearsAt: '40m' };

export const alertCases: readonly AlertCase[] = [
  {
    alert: 'LannerCollectorDown',
    series: { 'lanner_collector_build_info{cluster="c"}': '1x10 _x20 1x20' },
    quietAt: '5m', firesAt: '25m', clearsAt: '45m',
    labels: {}, severity: 'critical',
  }, {
    alert: 'LannerAgentSilent',
    series: { 'lanner_collector_agents{cluster="c",state="silent"}': '0x5 1x20 0x20' },
    ...SPAN, labels: CLUSTER, severity: 'warning',
  }, {
    alert: 'LannerManyAgentsSilent',
    series: {
      'lanner_collector_agents{cluster="c",state="silent"}': '0x5 9x20 1x20',
      'lanner_collector_agents{cluster="c",state="heard"}': '50x60',
    },
    ...SPAN, labels: CLUSTER, severity: 'critical',
  }, {
    alert: 'LannerSensorLost',
    series: { [`lanner_agent_sensor_alarm${AGENT}`]: '0x5 1x20 0x20' },
    ...SPAN, labels: PLACE, severity: 'critical',
  }, {
    alert: 'LannerGap',
    series: {
      'lanner_collector_gaps_total{cluster="c",cause="overload"}': '0x10 1x60',
      'lanner_collector_gaps_total{cluster="c",cause="falco-drop"}': '0+1x60',
    },
    ...ONCE, labels: { ...CLUSTER, cause: 'overload' }, severity: 'warning',
  }, {
    alert: 'LannerFalcoDrops',
    series: {
      'lanner_agent_gaps_total{cluster="c",node="n1",instance="i",cause="falco-drop"}':
        '0x5 1+1x20 21x60',
    },
    quietAt: '8m', firesAt: '20m', clearsAt: '60m',
    labels: PLACE, severity: 'warning',
  }, {
    alert: 'LannerForgedPeer',
    series: { 'lanner_collector_security_events_total{cluster="c",kind="k"}': '0x10 1x60' },
    ...ONCE, labels: { ...CLUSTER, kind: 'k' }, severity: 'critical',
  }, {
    alert: 'LannerOutboxFilling',
    series: {
      [`lanner_agent_outbox_bytes${AGENT}`]: '0x5 60x20 0x20',
      [`lanner_agent_outbox_bytes_max${AGENT}`]: '100x60',
    },
    ...SPAN, labels: PLACE, severity: 'warning',
  }, {
    alert: 'LannerOutboxFilling',
    series: {
      [`lanner_agent_outbox_pending${AGENT}`]: '0x5 3x40 0x30',
      [`lanner_agent_outbox_acknowledged_total${AGENT}`]: '7x80',
    },
    quietAt: '5m', firesAt: '20m', clearsAt: '60m',
    labels: PLACE, severity: 'warning',
  }, {
    alert: 'LannerAlertsLost',
    series: {
      'lanner_agent_alerts_lost_total{cluster="c",node="n1",instance="i",severity="low"}': '0x70',
      'lanner_agent_outbox_summarised_total{cluster="c",node="n1",instance="i",severity="low"}':
        '0x10 4x60',
    },
    ...ONCE, labels: PLACE, severity: 'critical',
  }, {
    alert: 'LannerStoreFailing',
    series: { 'lanner_collector_store_up{cluster="c",instance="i"}': '1x5 0x20 1x20' },
    ...SPAN, labels: { cluster: 'c', instance: 'i' }, severity: 'critical',
  }, {
    alert: 'LannerStoreFailing',
    series: {
      'lanner_collector_links_ended_total{cluster="c",instance="i",reason="store"}':
        '0x5 1+1x20 21x40',
      'lanner_collector_links_ended_total{cluster="c",instance="i",reason="agent-left"}': '0+1x70',
    },
    ...SPAN, labels: { cluster: 'c', instance: 'i' }, severity: 'critical',
  }, {
    alert: 'LannerOutputStuck',
    series: { 'lanner_collector_output_lag_seconds{cluster="c",output="siem"}': '0x5 600x20 0x20' },
    ...SPAN, labels: { ...CLUSTER, output: 'siem' }, severity: 'warning',
  }, {
    alert: 'LannerOutputStuck',
    series: { 'lanner_collector_output_backing_off{cluster="c",output="siem"}': '0x5 1x20 0x20' },
    ...SPAN, labels: { ...CLUSTER, output: 'siem' }, severity: 'warning',
  }, {
    alert: 'LannerOutputDeadLetters',
    series: { 'lanner_collector_output_dead_letters{cluster="c",output="siem"}': '0x5 2x20 0x20' },
    ...SPAN, labels: { ...CLUSTER, output: 'siem' }, severity: 'warning',
  }, {
    // promtool's time begins in 1970: ten days are left, then five, then ten again.
    alert: 'LannerCertificateExpiry',
    series: {
      'lanner_collector_link_certificate_not_after_seconds{cluster="c"}':
        '864000x5 432000x20 864000x30',
      'lanner_collector_link_certificate_not_after_seconds{cluster="without-tls"}': '0x60',
    },
    ...SPAN, labels: CLUSTER, severity: 'warning',
  }, {
    alert: 'LannerLearningStuck',
    interval: '1h',
    series: {
      'lanner_collector_image_coverage_ratio{cluster="c",image="a"}': '0.5x100 0.95x100',
      'lanner_collector_image_profiles_learning{cluster="c",image="a"}': '1x100 0x100',
      // One that grows, and one that is as good as complete.
      'lanner_collector_image_coverage_ratio{cluster="c",image="b"}': '0.1+0.003x200',
      'lanner_collector_image_profiles_learning{cluster="c",image="b"}': '1x200',
      'lanner_collector_image_coverage_ratio{cluster="c",image="d"}': '0.97x200',
      'lanner_collector_image_profiles_learning{cluster="c",image="d"}': '1x200',
    },
    quietAt: '50h', firesAt: '90h', clearsAt: '110h',
    labels: { ...CLUSTER, image: 'a' }, severity: 'info',
  }, {
    alert: 'LannerFlowsCut',
    series: {
      'lanner_collector_flows_deleted_total{cluster="c",reason="bound"}': '0x30 5000x300',
      'lanner_collector_flows_deleted_total{cluster="c",reason="age"}': '0+100x330',
    },
    quietAt: '25m', firesAt: '60m', clearsAt: '200m',
    labels: CLUSTER, severity: 'warning',
  }, {
    alert: 'LannerAlertFlood',
    series: {
      'lanner_collector_alerts_handled_total{cluster="c",handling="none"}':
        '0x5 50+50x20 1050x60',
      'lanner_collector_alerts_handled_total{cluster="c",handling="suppressed"}': '0+900x90',
    },
    quietAt: '5m', firesAt: '20m', clearsAt: '60m',
    labels: CLUSTER, severity: 'warning',
  }, {
    alert: 'LannerResponseFailing',
    series: {
      'lanner_collector_responses_total{cluster="c",action="freeze",outcome="failed"}': '0x10 1x60',
      'lanner_collector_responses_total{cluster="c",action="kill",outcome="verified"}': '0+1x70',
    },
    ...ONCE, labels: { ...CLUSTER, action: 'freeze' }, severity: 'critical',
  }, {
    alert: 'LannerResponseNotEffective',
    series: {
      'lanner_collector_responses_total{cluster="c",action="kill",outcome="not-effective"}':
        '0x10 1x60',
    },
    ...ONCE, labels: { ...CLUSTER, action: 'kill' }, severity: 'critical',
  }, {
    alert: 'LannerPolicyInvalid',
    series: { 'lanner_collector_policy_valid{cluster="c",instance="i"}': '1x5 0x20 1x20' },
    ...SPAN, labels: { cluster: 'c', instance: 'i' }, severity: 'warning',
  }, {
    alert: 'LannerAuditAnchorFailing',
    series: {
      'lanner_collector_audit_anchors_total{cluster="c",outcome="failed"}': '0x5 1+1x20 21x80',
      'lanner_collector_audit_anchors_total{cluster="c",outcome="written"}': '0+1x110',
    },
    quietAt: '8m', firesAt: '25m', clearsAt: '90m',
    labels: CLUSTER, severity: 'warning',
  },
];
