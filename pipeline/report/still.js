"use strict";
// A page that has nothing to play: only the theme can be changed.

themes(() => undefined);
