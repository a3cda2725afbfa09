// Which microphone. Browsers tell their names only once one was allowed. Used by the phone's page.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { phoneNow, usePhone } from './phone-state.js';

export const Microphone = (): JSX.Element | null => {
  const { call } = usePhone();
  const [devices, setDevices] = useState<readonly MediaDeviceInfo[]>([]);
  const [chosen, setChosen] = useState('');
  const [fault, setFault] = useState('');
  useEffect(() => {
    const look = () =>
      void navigator.mediaDevices.enumerateDevices().then(
        (all) => setDevices(all.filter(({ kind, deviceId }) => kind === 'audioinput' && deviceId !== '')),
        () => setDevices([]),
      );
    look();
    navigator.mediaDevices.addEventListener('devicechange', look);
    return () => navigator.mediaDevices.removeEventListener('devicechange', look);
  }, [call?.phase]);
  if (devices.length < 2) return null;
  const choose = (deviceId: string): void => {
    setChosen(deviceId);
    setFault('');
    phoneNow()?.useMicrophone(deviceId).catch(() => setFault('This microphone cannot be used.')); // prettier-ignore
  };
  return (
    <div class="field">
      <label for="microphone">Microphone</label>
      <select id="microphone" value={chosen || devices[0]?.deviceId} onChange={(event) => choose(event.currentTarget.value)}>
        {devices.map(({ deviceId, label }) => <option key={deviceId} value={deviceId}>{label === '' ? 'Microphone' : label}</option>)}
      </select>
      {fault !== '' && <p class="field-fault" role="alert">{fault}</p>}
    </div>
  );
}; // prettier-ignore
