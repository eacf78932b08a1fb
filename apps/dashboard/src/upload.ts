/** Uploads a CSV with its progress: by XMLHttpRequest, since fetch cannot tell how far it is. */
import type { IngestResult } from '@bellwether/contracts';
import { API, ApiError, failureOf, query } from './request';

export interface CsvUpload {
  file: File;
  /** Name of the series; empty: the file's name. */
  name: string;
  /** Empty: found by the backend. */
  timeColumn: string;
  /** A column that holds the series' name; empty: none does. */
  seriesColumn: string;
}

/** Sends a CSV; `onProgress` hears the share sent, 0 to 1. */
export function uploadCsv(upload: CsvUpload, onProgress: (share: number) => void): Promise<IngestResult> {
  const form = new FormData();
  form.append('file', upload.file);
  const { name, timeColumn, seriesColumn } = upload;
  const path = `${API}/import${query({ name, timeColumn, seriesColumn })}`;
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', path);
    request.setRequestHeader('accept', 'application/json');
    request.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    request.onerror = () => reject(new ApiError(0, 'The upload was cut off. Is Bellwether still running?'));
    request.onload = () => {
      if (request.status < 200 || request.status > 299)
        reject(failureOf(request.status, request.responseText));
      else resolve(JSON.parse(request.responseText) as IngestResult);
    };
    request.send(form);
  });
}
