/** The looks of the card, made of Home Assistant's own colours, spaces and letters. */
import { drawingStyles } from "../drawing/styles.js";
import { colours, frame } from "./base.js";
import { controlStyles } from "./controls.js";
import { dialogStyles, smallStyles } from "./small.js";
import { head, saysStyles, sectionStyles } from "./whole.js";

export const styles = [colours, frame, head, saysStyles, controlStyles, sectionStyles, smallStyles, dialogStyles, drawingStyles];
