/** Files are sent as a form: `api.POST("/api/profile/me/image", { body: { file }, bodySerializer: formOf })`. */
export function formOf(body: Record<string, Blob | string>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(body)) form.append(name, value);
  return form;
}
