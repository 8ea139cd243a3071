/**
 * What one frame of the link may hold. The encoder cuts single texts and lists to these bounds, so
 * that an alert from the node can never be one that the collector refuses for ever; the decoder
 * refuses what is above them, because only a broken or hostile peer sends it.
 */

/** Ids and names: cluster, node, pod, image, profile key, versions. Kubernetes' end at 253. */
export const NAME_BYTES_MAX = 1_024;
/** Command lines, paths, behaviours, reasons: what the text door of the agent lets through. */
export const TEXT_BYTES_MAX = 4_096;
/** Evidence fields of a behaviour; the behaviour itself already holds the command line. */
export const FIELD_VALUE_BYTES_MAX = 1_024;
export const FIELD_NAME_BYTES_MAX = 128;
export const FIELDS_MAX = 64;
export const ANCESTRY_MAX = 16;
/** ATT&CK ids look like `T1059.004`. */
export const TECHNIQUE_BYTES_MAX = 64;
export const TECHNIQUES_MAX = 32;
export const SCORE_PARTS_MAX = 32;
export const CAPABILITIES_MAX = 32;
export const ALERTS_PER_BATCH_MAX = 50;
export const GAPS_PER_BATCH_MAX = 50;
export const FLOWS_PER_CHUNK_MAX = 500;
export const SOURCE_PORTS_MAX = 8;
/** `::ffff:` before an IPv4 address and a zone behind an IPv6 one. */
export const ADDRESS_BYTES_MAX = 64;
/** Programs of flows are kept by the hundred thousand: their names are cut shorter than others. */
export const FLOW_TEXT_BYTES_MAX = 256;
export const NODE_ADDRESSES_MAX = 16;
/** Images with progress in one heartbeat; a node runs at most some hundred pods. */
export const IMAGES_PER_HEARTBEAT_MAX = 512;
/** A run is one image in one pod; the sender makes several frames of more. */
export const IMAGE_RUNS_PER_FRAME_MAX = 256;
export const IMAGES_WITH_LAYERS_PER_FRAME_MAX = 16;
/** Overlay mounts, and so Docker and containerd, end at 127. */
export const LAYERS_PER_IMAGE_MAX = 128;
/** A gzipped profile document. */
export const DOCUMENT_BYTES_MAX = 8 * 1_024 * 1_024;
/**
 * Every frame without a document. One alert with every list and text at its bound is below it
 * (tested), so any single alert can be sent; the sender splits a batch that is above.
 */
export const FRAME_BYTES_MAX = 4 * 1_024 * 1_024;
/**
 * Fields of all nested messages together, counted before anything is decoded: 4 MiB of two-byte
 * messages would otherwise become 325 MB of objects (measured), with this bound it is 40 MB.
 */
export const FRAME_FIELDS_MAX = 262_144;
/** For grpc-js' receive and send limits: a document and its envelope. */
export const LINK_MESSAGE_BYTES_MAX = DOCUMENT_BYTES_MAX + 64 * 1_024;
