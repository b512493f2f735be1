import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import './base.css';
import './shell.css';
import './parts.css';
import './chart.css';
import './topology.css';
