// The listener's name, by which what leaves the telephony server goes out. Read by all of this folder.
export const MMTEL_LISTENER = 'mmtel';
