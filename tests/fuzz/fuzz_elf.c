/* SPDX-FileCopyrightText: 2026 The Puma authors
 * SPDX-License-Identifier: Apache-2.0 */
/* fuzz_elf.c - what is looked at in a plugin's file before the loader of the system sees it.  The input is
 * the file, or with an odd first byte what is changed in a good file's head. */
#include "fuzz.h"

#include "plugin/vet.h"

#include <elf.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_feed     f = { data, data + size };
    bool          changes = fuzz_byte(&f) & 1;
    unsigned char good[512] = { 0 };
    Elf64_Ehdr    head = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
                                        EV_CURRENT },
                           .e_type = ET_DYN,
                           .e_machine = EM_X86_64,
                           .e_phoff = sizeof head,
                           .e_phentsize = sizeof(Elf64_Phdr),
                           .e_phnum = 3 };
    Elf64_Phdr    part = { .p_type = PT_LOAD, .p_filesz = 100, .p_offset = 200 };
    const char   *fault;

    memcpy(good, &head, sizeof head);
    for (size_t i = 0; i < 3; i++) memcpy(good + sizeof head + i * sizeof part, &part, sizeof part);
    while (changes && fuzz_left(&f) >= 2) {
        size_t at = fuzz_byte(&f);

        good[at] = (unsigned char)fuzz_byte(&f);
    }
    if (changes)
        fault = vet_elf(fuzz_file(good, sizeof good), sizeof good);
    else
        fault = vet_elf(fuzz_file(f.at, fuzz_left(&f)), (off_t)fuzz_left(&f));
    FUZZ_CHECK(fault == NULL || fault[0] != '\0');
    return 0;
}
