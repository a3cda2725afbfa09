// The portal's first page, as the browser starts it.
import { render } from 'preact';
import { App } from './app.js';
import { Guard } from './ui/guard.js';

const place = document.getElementById('app');
if (place !== null)
  render(
    <Guard of="portal">
      <App />
    </Guard>,
    place,
  );
