"""Where the sound around a cell lies: whole seconds about its middle, inside the video.

```
 seconds = 4, a video of 9 cells         |0|1|2|3|4|5|6|7|8|
 cell 4: as much before as after          . . .[- -#- -]. .     from 2.5 s to 6.5 s
 cell 0: shifted to lie inside            [#- - -]. . . . .     from 0 s to 4 s
 cell 8: the same at the end              . . . . .[- - -#]     from 5 s to 9 s
```

A decoded window of cells carries the sound around it, so that the same rule within it gives the
same samples as within the whole video.
"""


def sound_span(cell: int, num_cells: int, seconds: int, sample_rate: int) -> tuple[int, int]:
    """First sample and number of samples of what is heard for a cell.

    Args:
        cell: Its number in the video.
        num_cells: T, cells of the video; all of them where the window would be longer.
        seconds: Of the window, centred on the cell's middle and shifted to lie inside the video;
            a half of a sample goes down.
        sample_rate: In Hz.
    """
    length = min(seconds, num_cells)
    start = (2 * cell + 1 - seconds) * sample_rate // 2
    return min(max(0, start), (num_cells - length) * sample_rate), length * sample_rate


def cells_after(first: int, count: int, seconds: int) -> int:
    """Cells of sound that windows of `seconds` need behind a piece of `count` cells from `first`.

    Half a window; more behind a piece that is shorter and close to the video's beginning, where
    windows are shifted. What is not there to the end of the video is not needed.
    """
    half = seconds // 2
    return max(half, seconds - count - min(first, half))


def cells_before(first: int, count: int, after: int, seconds: int) -> int:
    """The same before the piece, where `after` cells of sound are given behind it."""
    return min(first, max(seconds // 2, seconds - count - after))
