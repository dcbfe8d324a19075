/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* letters.c - see letters.h */
#include "token/letters.h"

#include <string.h>

uint32_t letter_of_byte(unsigned char byte)
{
    /* Bytes that print stand for themselves; the others, in order, for the code points from 256 on. */
    if (byte < 0x21) return 0x100u + byte;
    if (byte < 0x7f) return byte;
    if (byte < 0xa1) return 0x121u + (byte - 0x7fu);
    return byte == 0xad ? 0x143u : byte;
}

int byte_of_letter(uint32_t letter)
{
    if (letter >= 0x100 && letter < 0x121) return (int)(letter - 0x100);
    if (letter >= 0x121 && letter < 0x143) return (int)(letter - 0x121 + 0x7f);
    if (letter == 0x143) return 0xad;
    return letter < 0x100 && letter_of_byte((unsigned char)letter) == letter ? (int)letter : -1;
}

bool letters_add(bytes *out, const char *text, size_t size)
{
    for (size_t done = 0; done < size;) {
        char   letters[256];
        size_t count = 0;

        for (; done < size && count + 2 <= sizeof letters; done++) {
            uint32_t letter = letter_of_byte((unsigned char)text[done]);

            if (letter >= 0x80) letters[count++] = (char)(0xc0 | letter >> 6);
            letters[count++] = (char)(letter < 0x80 ? letter : 0x80 | (letter & 0x3f));
        }
        if (!bytes_add(out, letters, count)) return false;
    }
    return true;
}

int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int piece_byte(const char *text, size_t size)
{
    int high, low;

    if (size != 6 || memcmp(text, "<0x", 3) != 0 || text[5] != '>') return -1;
    high = hex_digit(text[3]);
    low = hex_digit(text[4]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}
