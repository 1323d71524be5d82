/**
 * Core application in the browser: makes forms pleasanter; every page works without it.
 */

import { enhanceAddresses } from './chips.js';
import { offerCopies } from './copy.js';
import { keepPreview } from './preview.js';
import { guardSubmit } from './submit.js';
import { preselectZone, rememberZone } from './zone.js';

rememberZone();
preselectZone();
for (const area of document.querySelectorAll('textarea[data-chips]')) enhanceAddresses(/** @type {HTMLTextAreaElement} */ (area));
keepPreview();
offerCopies();
guardSubmit();
/** @type {HTMLElement | null} */ (document.querySelector('[data-focus]'))?.focus();
