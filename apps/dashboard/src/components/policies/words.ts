import type { Priority } from '../../policies/draft.ts';

export const priorityNames: Readonly<Record<Priority, string>> = {
  REALTIME: 'Realtime',
  HIGH: 'High',
  NORMAL: 'Normal',
  BULK: 'Bulk',
};

export const priorityHints: Readonly<Record<Priority, string>> = {
  REALTIME: 'First on an uplink that is full, and never behind more than a packet: calls and control.',
  HIGH: 'Before normal traffic when an uplink is full: what somebody waits for.',
  NORMAL: 'Its fair share when an uplink is full.',
  BULK: 'What the others leave, and never nothing: backups, updates.',
};
